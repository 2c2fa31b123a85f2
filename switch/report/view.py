"""What a report is made of, gathered before a word of it is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from switch.clearing.netting import Due, Mode, Transfer
from switch.clearing.period import Period
from switch.clearing.statement import Flow, Statement
from switch.model.ids import RegionCode
from switch.pages.markup import Html
from switch.recon.record import Record


@dataclass(frozen=True, slots=True)
class Place:
    """An institution as it is shown. `state`: of its statement, or ""; `differences`: open ones."""

    code: str
    name: str
    statement: Statement
    state: str
    differences: int
    paid: str


@dataclass(frozen=True, slots=True)
class RegionView:
    """A region's period. `names`: regions in Chinese."""

    region: RegionCode
    period: Period
    closed: str
    made_at: datetime
    settlements: int
    flows: Sequence[Flow]
    places: Sequence[Place]
    dues: Sequence[Due]
    mode: Mode
    transfers: Sequence[Transfer]
    names: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Act:
    """One settlement or undoing of an institution; `working`: its steps, where they are told."""

    record: Record
    working: Html | None


@dataclass(frozen=True, slots=True)
class InstitutionView:
    """An institution's period. `acts`: of how many of them the working is told is said."""

    region: RegionCode
    period: Period
    made_at: datetime
    place: Place
    acts: Sequence[Act]
    names: Mapping[str, str]
