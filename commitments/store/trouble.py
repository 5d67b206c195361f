"""What can be wrong with a store: a small class a case, each of which writes its own sentence."""

from __future__ import annotations

from commitments.trouble import TroubleError


class StoreError(TroubleError):
    """The store cannot be used as it is."""


class DamagedStoreError(StoreError):
    """The file is not, or no longer, a whole database."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"{where} is damaged or not a database ({reason}); put back a copy of it, or move it away and import the "
            "register anew. Nothing was changed."
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
    """The file, or the folder it is in, cannot be written."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"{where} cannot be written ({reason}); the file and its folder must belong to the user who runs gestand"
        )


class MissingFolderError(StoreError):
    """The folder of the file does not exist, or the file cannot be opened."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} cannot be opened ({reason}); see whether its folder exists and may be entered")


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


class FullStoreError(StoreError):
    """There is no room left, or the disk fails. What was being written was undone."""

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(f"{where} cannot grow ({reason}); make room on the disk. What was being written was undone.")


class AlreadyRunningError(TroubleError):
    """Another process acts for this store."""

    def __init__(self, where: str, holder: str) -> None:
        super().__init__(f"gestand is already running for {where} (process {holder}); only one may act at a time")
