"""A letter as a Word document. The only home of python-docx."""

from __future__ import annotations

import io

from docx import Document
from docx.enum.text import WD_COLOR_INDEX
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Mm, Pt
from docx.text.paragraph import Paragraph

from notifications.letters.letter import Block, Letter

FONT = "Georgia"
_SPACE = {"h1": (0, 24), "h2": (12, 12), "p": (0, 9)}
"""Points above and below a block."""


def as_docx(letter: Letter) -> bytes:
    """The letter as .docx on A4; what has to be filled in is marked yellow."""
    made = Document()
    section = made.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.left_margin = section.right_margin = section.top_margin = Mm(25)
    section.bottom_margin = Mm(30)
    style = made.styles["Normal"]
    style.font.name, style.font.size = FONT, Pt(11)
    style.element.get_or_add_rPr().append(_spoken(letter.language))
    made.core_properties.title = letter.title[:255]
    made.core_properties.language = letter.language
    made.core_properties.author = ""
    made.core_properties.comments = ""
    for block in letter.blocks:
        _write(made.add_paragraph(), block)
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def _spoken(language: str) -> BaseOxmlElement:
    """The mark that says in which language the text is: a spelling checker asks."""
    element = OxmlElement("w:lang")
    element.set(qn("w:val"), language)
    return element


def _write(paragraph: Paragraph, block: Block) -> None:
    above, below = _SPACE[block.tag]
    paragraph.paragraph_format.space_before = Pt(above)
    paragraph.paragraph_format.space_after = Pt(below)
    paragraph.paragraph_format.line_spacing = 1.2
    for number, line in enumerate(block.lines):
        for run in line:
            written = paragraph.add_run(run.text)
            written.bold = block.tag != "p" or None
            written.font.highlight_color = WD_COLOR_INDEX.YELLOW if run.open else None
        if number < len(block.lines) - 1:
            paragraph.runs[-1].add_break()
