"""A workspace: the folder with gestand.yaml, the packs and calendars in use, and what is wrong with any of them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from commitments.exchange import READERS
from commitments.model.commitment import Frozen, Party
from commitments.model.zone import Zone
from commitments.reading.source import (
    Document,
    Problem,
    RefusedError,
    check,
    files_in,
    problem,
    read,
)
from commitments.store import is_address
from commitments.trouble import TroubleError
from engine.workspace.destinations import End, FeedSettings
from engine.workspace.recipients import Address, Recipient, Words
from notifications.content import phrases
from notifications.content.languages import Language
from notifications.content.overriding import read_templates
from notifications.message.mailbox import Mailbox
from notifications.transports.smtp import SmtpSettings
from rules.calendars import calendar
from rules.calendars.calendar import Calendars
from rules.pack import book
from rules.pack.book import RuleBook

FILE = "gestand.yaml"
REGISTER_FILES = "commitments"
"""The folder in which register files may lie."""


class Bounces(Frozen):
    """Where mail comes back to: each message from an address of its own, made of this one (bounce+12-…@example.org).

    A report about a message is believed for so many hours after it was sent.
    """

    address: Address
    fresh_hours: Annotated[int, Field(ge=1, le=168)] = 48

    @field_validator("address")
    @classmethod
    def _room_left(cls, address: str) -> str:
        # RFC 5321, 4.5.3.1.1: 64 octets before the @, of which a number and a signature take up to 36.
        if len(address.partition("@")[0]) > 28:
            raise ValueError("this is too long before the @ to be made longer; take 28 characters or less")
        return address


class Mail(Frozen):
    """How digests leave: into a folder (the default), or by SMTP; `administrator` is told where that does not work.

    `sender` is who digests come from, and `reply_to` where an answer to one goes, to the sender where it is left out.
    `unsubscribe` is an address at which somebody reads who wants no more of them; with a `base_address` a link does it.
    `bounces` says where mail comes back to that cannot be delivered, else to the sender.
    """

    sender: Mailbox = Mailbox("gestand@localhost")
    reply_to: Mailbox | None = None
    administrator: Address | Literal[""] = ""
    unsubscribe: Address | Literal[""] = ""
    bounces: Bounces | None = None
    deliver: Literal["folder", "smtp"] = "folder"
    folder: str = "outbox"
    smtp: SmtpSettings | None = None

    @model_validator(mode="after")
    def _server_named(self) -> Self:
        if self.deliver == "smtp" and self.smtp is None:
            raise ValueError("deliver: smtp needs to know the server; add smtp: {host: mail.example.org}")
        return self


class ServiceSettings(Frozen):
    """What gestand.yaml says of the service. `port` 0 means that it listens nowhere.

    `ping` is asked after each pass that went well: a dead man's switch, such as healthchecks.io, tells when it is not.
    """

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=65535)] = 8470
    ping: Annotated[str, Field(max_length=2000)] = ""

    @field_validator("ping")
    @classmethod
    def _an_address(cls, address: str) -> str:
        if address and not (address.isascii() and phrases.web_address(address)):
            raise ValueError("this is not an address to ask; write one such as https://hc-ping.com/…")
        return address


class WitnessSettings(Frozen):
    """The time stamping authority (RFC 3161) that is asked for a stamp of the ledger's head, every so many hours.

    `certificates` is a file in PEM with its root certificate; keep those of earlier authorities in it.
    """

    address: Annotated[str, Field(max_length=2000)]
    certificates: Annotated[str, Field(min_length=1)]
    every_hours: Annotated[int, Field(ge=1, le=8784)] = 24

    @field_validator("address")
    @classmethod
    def _an_address(cls, address: str) -> str:
        if not (address.isascii() and phrases.web_address(address)):
            raise ValueError("this is not an address to ask; write one such as https://tsa.example.org")
        return address


def _web(text: str) -> str:
    if text and not (text.isascii() and len(text) <= 500 and phrases.web_address(text)):
        raise ValueError(f"{text!r} is not an address on the web; write one such as https://gestand.example.org")
    return text.rstrip("/")


class Settings(Frozen):
    """What gestand.yaml says. A name that it gives to a party comes before the one that a pack gives.

    `base_address` is where readers reach this register; nothing in a digest is linked where it is left out.
    """

    store: str = "gestand.db"
    timezone: Zone = "UTC"
    language: Language = "en"
    base_address: Annotated[str, AfterValidator(_web)] = ""
    packs: Words = ()
    parties: dict[Party, str] = Field(default_factory=dict)
    mail: Mail = Mail()
    recipients: tuple[Recipient, ...] = ()
    ends: tuple[End, ...] = ()
    service: ServiceSettings = ServiceSettings()
    witness: WitnessSettings | None = None

    @property
    def hearers(self) -> tuple[Recipient, ...]:
        """Everybody and everything that gets digests."""
        return (*self.recipients, *(end.recipient for end in self.ends if end.tells))

    @property
    def feeds(self) -> tuple[tuple[End, FeedSettings], ...]:
        """The ends that are calendar files, each with what it says of the file."""
        return tuple((end, end.feed) for end in self.ends if end.feed)

    def recipient(self, address: str) -> Recipient | None:
        """The recipient with an address, None where there is none."""
        return next((one for one in self.recipients if one.address.lower() == address.lower()), None)


class NoWorkspaceError(TroubleError):
    """There is no gestand.yaml where one was looked for."""

    def __init__(self, folder: Path) -> None:
        super().__init__(
            f"there is no {FILE} in {os.path.realpath(folder)}; make a workspace with `gestand init {folder}`, "
            "or name one with --workspace"
        )


class BrokenSettingsError(TroubleError):
    """Settings that cannot be read: with others than those that were meant nothing may be done."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        told = "\n\n".join(str(problem) for problem in problems)
        super().__init__(f"nothing was done, for the settings have a mistake\n\n{told}")


@dataclass(frozen=True)
class Workspace:
    """A folder in use. `problems` tells what could not be read; what could is here and works.

    `templates` are those that take the place of ours, by their names. `register_files` says whether some lie in it.
    """

    folder: Path
    settings: Settings
    book: RuleBook
    calendars: Calendars
    problems: tuple[Problem, ...] = ()
    templates: Mapping[str, str] = field(default_factory=dict)
    register_files: bool = False

    @property
    def store(self) -> str:
        """Where the register is: the path of a file, or the address of a database."""
        named = self.settings.store
        return named if is_address(named) else str(self.folder / named)

    @property
    def parties(self) -> dict[str, str]:
        """The names of parties, by their place in the hierarchy."""
        return self.book.parties | self.settings.parties

    @property
    def outbox(self) -> Path:
        """The folder that digests are delivered to, where they are."""
        return self.folder / self.settings.mail.folder

    @property
    def certificates(self) -> Path | None:
        """The file with the certificates by which time stamps are checked, None where none is named."""
        named = self.settings.witness
        return self.folder / named.certificates if named else None

    @property
    def own_templates(self) -> Path:
        """The folder with the templates that take the place of ours."""
        return self.folder / "templates"

    @property
    def files(self) -> list[Path]:
        """The rule files in use: those that ship and are named in the settings, and those of the folder."""
        return _rule_files(self.folder, self.settings)

    def check_files(self, files: Iterable[Path]) -> tuple[RuleBook, tuple[Problem, ...]]:
        """These rule files by themselves, with the calendars in use here, and what is wrong with them."""
        return book.load(files, self.calendars)


def store_place(folder: Path) -> str:
    """Where the register of a workspace is, when nothing else of it is asked for.

    Raises NoWorkspaceError where there is no gestand.yaml, BrokenSettingsError where it cannot be used.
    """
    if not _is_there(folder / FILE):
        raise NoWorkspaceError(folder)
    document, problems = read(folder / FILE)
    settings, faults = check(Settings, document) if document else (None, ())
    if settings is None:
        raise BrokenSettingsError((*problems, *faults))
    return Workspace(folder, settings, RuleBook(), Calendars()).store


def open_workspace(folder: Path) -> Workspace:
    """The workspace in a folder, with every problem in its files.

    Raises NoWorkspaceError where there is no gestand.yaml.
    """
    if not _is_there(folder / FILE):
        raise NoWorkspaceError(folder)
    document, found = read(folder / FILE)
    settings, faults = check(Settings, document) if document else (None, ())
    calendars, calendar_problems = Calendars.load([calendar.SHIPPED, folder / "calendars"])
    crossed: tuple[Problem, ...] = ()
    if settings and document:
        crossed = (*_cross_check(settings, document), *_unknown_calendars(settings, document, calendars))
    settings = settings or Settings()
    rule_book, rule_problems = book.load(_rule_files(folder, settings), calendars)
    templates, template_problems = read_templates(folder / "templates")
    lying, unread = files_in(folder / REGISTER_FILES, READERS)
    unseen = (*files_in(folder / "rules")[1], *unread, *(one for one in template_problems if one.level == "error"))
    problems = (*found, *faults, *crossed, *calendar_problems, *rule_problems, *unseen)
    return Workspace(folder, settings, rule_book, calendars, problems, templates, any(path.exists() for path in lying))


def _is_there(file: Path) -> bool:
    """Whether something is there, if only a link that leads nowhere; what cannot be looked at may be."""
    try:
        file.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError:
        return True
    return True


def languages(settings: Settings) -> tuple[str, ...]:
    """The languages that digests are made in here."""
    return tuple(sorted({settings.language, *(one.language for one in settings.recipients if one.language)}))


def _rule_files(folder: Path, settings: Settings) -> list[Path]:
    files = [book.SHIPPED / f"{name}.yaml" for name in settings.packs if name in shipped_packs()]
    return [*files, *book.pack_files(folder / "rules")]


def shipped() -> Workspace:
    """What ships with Gestand, where there is no workspace: every pack and calendar, and the default settings."""
    calendars, calendar_problems = Calendars.load([calendar.SHIPPED])
    rule_book, rule_problems = book.load(book.pack_files(book.SHIPPED), calendars)
    return Workspace(Path(), Settings(), rule_book, calendars, (*calendar_problems, *rule_problems))


def usable(folder: Path) -> Calendars:
    """The calendars that ship with Gestand, and those of the workspace in a folder, if there is one.

    Raises RefusedError where its folder of calendars cannot be read.
    """
    for found in files_in(folder / "calendars")[1]:
        raise RefusedError(found)
    calendars, _ = Calendars.load([calendar.SHIPPED, folder / "calendars"])
    return calendars


def workspace_or_shipped(folder: Path) -> Workspace:
    """The workspace in a folder, or what ships with Gestand where there is none."""
    try:
        return open_workspace(folder)
    except NoWorkspaceError:
        return shipped()


def shipped_packs() -> tuple[str, ...]:
    """The names of the packs that ship with Gestand."""
    return tuple(path.stem for path in book.pack_files(book.SHIPPED))


def _cross_check(settings: Settings, document: Document) -> Iterator[Problem]:
    for index, name in enumerate(settings.packs):
        if name not in shipped_packs():
            hint = f"shipped are {', '.join(shipped_packs())}; a file of your own goes into rules/ and needs no mention"
            yield problem(document, ("packs", index), f"no pack called {name} ships with Gestand", hint)
    addresses = [recipient.address.lower() for recipient in settings.recipients]
    for index, address in enumerate(addresses):
        if address in addresses[:index]:
            message = f"{address} is listed twice"
            yield problem(document, ("recipients", index, "address"), message, "give one entry all the roles")
    routes = [end.route for end in settings.ends]
    for index, route in enumerate(routes):
        if route in routes[:index]:
            yield problem(
                document, ("ends", index, "name"), f"{route} is there twice", "give each end a name of its own"
            )
    yield from _feeds(settings, document)


def _feeds(settings: Settings, document: Document) -> Iterator[Problem]:
    known = ", ".join(one.address for one in settings.recipients) or "nobody"
    files: list[Path] = []
    for index, end in enumerate(settings.ends):
        if end.feed is None:
            continue
        if end.feed.recipient and settings.recipient(end.feed.recipient) is None:
            message = f"there is no recipient {end.feed.recipient}"
            yield problem(document, ("ends", index, "feed", "recipient"), message, f"recipients are {known}")
        file = Path(end.feed.file)
        if file in files:
            message = f"{file} is written by another end already"
            yield problem(document, ("ends", index, "feed", "file"), message, "give each calendar a file of its own")
        files.append(file)


def _unknown_calendars(settings: Settings, document: Document, calendars: Calendars) -> Iterator[Problem]:
    for index, recipient in enumerate(settings.recipients):
        for name in recipient.quiet:
            if calendars.get(name) is None:
                at = ("recipients", index, "quiet")
                yield problem(document, at, f"there is no calendar {name}", calendars.instead(name))
