"""What can be wrong with a store: a small class a case, each of which writes its own sentence."""

from __future__ import annotations

from commitments.trouble import TroubleError


class StoreError(TroubleError):
    """The store cannot be used as it is."""


class DamagedStoreError(StoreError):
    """The file is not, or no longer, a whole database; `reason` says in what way."""

    def __init__(self, where: str, reason: str) -> None:
        self.reason = reason
        super().__init__(
            f"{where} is damaged or not a database ({reason}); put back a copy with `gestand restore FILE --replace`, "
            "or move it away and import the register anew. Nothing was changed."
        )


class ForeignStoreError(StoreError):
    """The database belongs to another program."""

    def __init__(self, where: str) -> None:
        super().__init__(f"{where} is the database of another program; name another file as `store` in gestand.yaml")


class NewerStoreError(StoreError):
    """The database was made by a newer version."""

    def __init__(self, where: str, found: int, known: int) -> None:
        super().__init__(
            f"{where} has layout {found}, this version knows {known}; install the newer version of gestand"
        )


class ReadOnlyStoreError(StoreError):
    """The file, the folder it is in, or the database cannot be written."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"{where} cannot be written ({reason}); the user who runs gestand must be allowed to write there"
        )


class MissingFolderError(StoreError):
    """The folder of the file does not exist, or the file cannot be opened."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} cannot be opened ({reason}); see whether its folder exists and may be entered")


class ForbiddenStoreError(StoreError):
    """The file is there, and this user may not read it."""

    def __init__(self, where: str, owner: int) -> None:
        super().__init__(
            f"{where} may not be read by this user: it belongs to user {owner}. Run gestand as that user, or let this "
            "one read the file"
        )


class NoRegisterError(StoreError):
    """There is no register at the place; none is made unless that is asked for, for an older one may be missing."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"there is no register at {where} ({reason}), and none was made. See whether its disk is mounted and "
            "`store` in gestand.yaml is right; `gestand restore FILE` puts a copy there, and `gestand init --new` "
            "begins a new one."
        )


class GoneStoreError(StoreError):
    """The register that was open is not at its place any more: it was moved, removed or exchanged."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"the register at {where} is not the one that was opened ({reason}); nothing more is written. Put it back "
            "as it was; to go on with another, stop what runs and start it anew."
        )


class NetworkStoreError(StoreError):
    """The file is on a network file system, where SQLite loses data."""

    def __init__(self, where: str, filesystem: str) -> None:
        super().__init__(
            f"{where} is on a network file system ({filesystem}), where SQLite loses data; move it to a disk"
        )


class BusyStoreError(StoreError):
    """Another process holds the database for too long."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} is in use by another process ({reason}); try again when that has ended")


class WrittenMeanwhileError(StoreError):
    """A register that we may only read, and not lock, was written while we read it."""

    def __init__(self, where: str) -> None:
        super().__init__(
            f"{where} was written while it was read, and here it cannot be locked, so what was shown may be wrong; "
            "ask again"
        )


class LeftLogError(StoreError):
    """A process that did not end well left entries in the log, and they cannot be put into the file here."""

    def __init__(self, where: str, log: str) -> None:
        super().__init__(
            f"{where} is not all of the register: entries stand in {log}, which cannot be read without writing beside "
            "it; copy both files into another folder and read them there, or run gestand once where it may write"
        )


class FullStoreError(StoreError):
    """There is no room left, or the disk fails. What was being written was undone."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} cannot grow ({reason}); make room on the disk. What was being written was undone.")


class AlreadyRunningError(TroubleError):
    """Another process acts for this store."""

    def __init__(self, where: str, holder: str) -> None:
        super().__init__(f"gestand is already running for {where} ({holder}); only one may act at a time")


class LostRightError(StoreError):
    """The right to act for a store was lost: another process may have it by now."""

    def __init__(self, where: str, how: str) -> None:
        super().__init__(f"the right to act for {where} {how}; nothing was written. Start gestand again")


# ------------------------------------------------------------------------------------------------- a server's own


class NotAnAddressError(StoreError):
    """What stands as `store` is not the address of a database. It is not repeated, for it may hold a password."""

    def __init__(self) -> None:
        super().__init__(
            "what gestand.yaml names as `store` is not an address; write one such as "
            "postgresql://gestand@db.example.org:5432/gestand"
        )


class MissingDriverError(StoreError):
    """The library that speaks to PostgreSQL is not installed."""

    def __init__(self) -> None:
        super().__init__("PostgreSQL needs one more library; install it with `pip install gestand[postgres]`")


class UnreachableStoreError(StoreError):
    """The server does not answer."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} cannot be reached ({reason}); see whether the server runs and the address is right")


class WrongPasswordError(StoreError):
    """The server does not let us in."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"{where} does not let us in ({reason}); set the password in PGPASSWORD or in ~/.pgpass, and see whether "
            "the user's name is right"
        )


class NoDatabaseError(StoreError):
    """The server has no such database."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"{where} is not there ({reason}); see whether the address is right, or make it with `createdb` and put "
            "a copy into it with `gestand restore FILE`"
        )


class LostStoreError(StoreError):
    """The connection was cut. What was being written was undone."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"the connection to {where} was cut ({reason}); what was being written was undone. Try again: a new "
            "connection is made by itself"
        )


# ------------------------------------------------------------------------------------------------- copies


class TakenPlaceError(StoreError):
    """Where a copy is to go, there is something already."""

    def __init__(self, where: str, way_out: str) -> None:
        super().__init__(f"{where} is there already and was left as it is; {way_out}")


class NoCopyError(StoreError):
    """A copy cannot be read, or not be written."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"nothing was copied: {where}: {reason}")


class HalfRestoredError(StoreError):
    """A register was put aside for a copy, and the copy did not take its place."""

    def __init__(self, where: str, aside: str) -> None:
        super().__init__(
            f"{where} is not there, but {aside} is: it was put aside for a copy. Restore the copy again with "
            f"`gestand restore FILE`, or rename that file (and those with -wal and -shm behind its name) to {where}; "
            "to begin anew, move it elsewhere. Nothing was made."
        )
