"""How things may be called in rule files: what the names of rules, kinds and audiences look like."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$", max_length=60)]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
Audience = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_-]*$", max_length=60)]
Title = Annotated[str, Field(min_length=1, max_length=300)]
Language = Annotated[str, Field(pattern=r"^[a-z]{2}$")]
