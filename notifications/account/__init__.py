"""The account of an audit set out as pages: sections, charts and rows, as Markdown, JSON and for templates.

What is counted is `commitments.audit`'s; here it becomes a `report`, a `page` of sections, and the forms that people
read.
"""

from notifications.account.markdown import to_markdown
from notifications.account.plain import to_json
from notifications.account.report import Report, page, summary

__all__ = ["Report", "page", "summary", "to_json", "to_markdown"]
