"""Reads what the credentials that are shown ask for beside their people, and what card offices ask.

A settlement by a card in order asks for nothing more: one look at its counter.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import Final

from switch.model.card_office import (
    ConfirmLost,
    GetCard,
    LockCard,
    OnCards,
    Release,
    Replace,
    ReportLost,
    UnlockCard,
)
from switch.model.claim import CardEvidence, Evidence, VoucherEvidence
from switch.model.ids import MemberId, SocialSecurityNumber
from switch.model.stages import GetHolder, Presettle, ReadMember, Settle
from switch.pipeline.view import View
from switch.store.card_events import read_events
from switch.store.channel import Channel
from switch.store.holders import read_years
from switch.store.suspicions import read_unresolved, read_uses
from switch.store.vouchers import read_vouchers

ON_CARDS: Final[frozenset[type]] = frozenset(
    {ReportLost, ConfirmLost, Release, Replace, LockCard, UnlockCard, GetCard}
)
"""What names the holder of a card by his social security number."""


async def read_shown(
    channel: Channel,
    view: View,
    asked: Sequence[object],
    kinds: Collection[type],
) -> None:
    """Add tokens that have settled, uses of counters that do not rise, and holders' years."""
    atcs = {found.card.identifier: view.people[found.member_id] for found in view.cards.values()}
    tokens: set[VoucherEvidence] = set()
    used: set[MemberId] = set()
    for one in asked:
        if not isinstance(one, Settle | Presettle | ReadMember):
            continue
        evidence = one.evidence
        if isinstance(evidence, CardEvidence):
            member = atcs.get(evidence.identifier)
            # A repeat shows the counter that it stored: it is no use anew.
            if (
                member is not None
                and evidence.atc <= member.atc
                and (one.request_id not in view.register)
            ):
                used.add(member.member_id)
        elif isinstance(evidence, VoucherEvidence):
            tokens.add(evidence)
    if tokens:
        await read_vouchers(channel, view, tokens)
    if used:
        await read_uses(channel, view, used)
    if GetHolder in kinds:
        holders = (one for one in asked if isinstance(one, GetHolder))
        await read_years(channel, view, set(_years(view, holders)))


async def read_cards(channel: Channel, view: View, asked: Sequence[object]) -> None:
    """Add the histories of the cards that requests of card offices name."""
    carded = [one for one in asked if isinstance(one, OnCards)]
    people = (view.persons.get(holder_of(one)) for one in carded)
    holders = {one for one in people if one is not None}
    wanted = {one.card.identifier for one in carded if isinstance(one, Replace)}
    await read_events(channel, view, holders, wanted)
    if any(isinstance(one, UnlockCard) for one in carded):
        await read_unresolved(channel, view, holders)


def holder_of(asked: OnCards) -> SocialSecurityNumber:
    """Return the number of the person whose card a request is about."""
    return (
        asked.social_security_number
        if isinstance(asked, GetCard)
        else asked.asked.social_security_number
    )


def _years(view: View, asked: Iterable[GetHolder]) -> Iterator[tuple[MemberId, int]]:
    for one in asked:
        member_id = _shown_by(view, one.evidence)
        if member_id is not None:
            yield member_id, one.year


def _shown_by(view: View, evidence: Evidence) -> MemberId | None:
    if not isinstance(evidence, CardEvidence):
        return view.persons.get(evidence.social_security_number)
    found = view.card(evidence)
    return None if found is None else found.member_id
