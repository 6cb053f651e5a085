"""The vendor's filters of conversations, for the most used dimensions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tap_genesys.simulator.bodies import RefusedError, checked_fields, invalid_value

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Row = dict[str, Any]

#: The vendor's dimensions: of ConversationDetailQueryPredicate, of SegmentDetailQueryPredicate.
CONVERSATION = frozenset(
    """accessAttribute conversationEnd conversationId conversationInitiator conversationStart
    customerParticipation divisionId externalTag mediaStatsMinConversationMos originatingDirection
    originatingSocialMediaPublic""".split()
)
SEGMENT = frozenset(
    """addressFrom addressTo agentAssistantId agentOwned ani authenticated bargedParticipantId
    callbackNumber callbackScheduledTime canonicalExternalContactId cleared coachedParticipantId
    conference deliveryPushed deliveryStatus destinationAddress destinationConversationId
    detectedSpeechEnd detectedSpeechStart direction disconnectType dnis edgeId engagementSource
    errorCode exitReason extendedDeliveryStatus externalContactId externalOrganizationId
    flaggedReason flowId flowName flowOutType flowOutcome flowOutcomeId flowOutcomeValue flowVersion
    groupId journeyActionId journeyActionMapId journeyCustomerId journeyCustomerIdType
    journeyCustomerSessionId mediaCount mediaType messageType monitoredParticipantId
    outboundCampaignId outboundContactId outboundContactListId participantName protocolCallId
    provider purpose queueId recording remote remoteNameDisplayable requestedLanguageId
    requestedRouting requestedRoutingSkillId scoredAgentId screenMonitoredUserId screenRecording
    scriptId segmentEnd segmentType sessionDnis sipResponseCode skillExpressionId snippetRecording
    subject teamId transferTargetAddress transferTargetName transferType usedRouting userId
    wrapUpCode wrapUpNote""".split()
)
#: The simulated dimensions among them.
SIMULATED = frozenset(
    """conversationEnd conversationId conversationInitiator conversationStart divisionId
    originatingDirection ani direction disconnectType dnis flowId mediaType purpose queueId
    segmentType userId wrapUpCode""".split()
)
_SEGMENT_SIMULATED = SEGMENT & SIMULATED
_OPERATORS = ("matches", "exists", "notExists")
_PREDICATE_FIELDS = frozenset(
    "type dimension metric operator value range property propertyType".split()
)


def check(conversation_filters: object, segment_filters: object) -> None:
    """Refuse filters that the vendor refuses, even if there are no rows to filter.

    A dimension of the vendor's other list is accepted here, since a live org is reported to ignore
    it.

    Raises:
        RefusedError: A filter is not valid, or not simulated.
    """
    for filters, known in (
        (conversation_filters, CONVERSATION),
        (segment_filters, SEGMENT),
    ):
        if not isinstance(filters, list):
            msg = "Filters must be a list"
            raise RefusedError(msg)
        for group in filters:
            _check_group(group, known)


def misplaced(conversation_filters: list[Row], segment_filters: list[Row]) -> bool:
    """Return whether a predicate has a dimension of the other list of filters."""
    lists = ((conversation_filters, CONVERSATION), (segment_filters, SEGMENT))
    return any(
        predicate["dimension"] not in own
        for filters, own in lists
        for group in filters
        for predicate in _predicates(group)
    )


def _predicates(group: Row) -> Iterator[Row]:
    yield from group.get("predicates") or ()
    for clause in group.get("clauses") or ():
        yield from _predicates(clause)


def passes(row: Row, conversation_filters: list[Row], segment_filters: list[Row]) -> bool:
    """Return whether a conversation passes its filters, and one of its segments all of theirs."""
    return all(
        _holds(group, CONVERSATION, lambda name: _of_conversation(row, name))
        for group in conversation_filters
    ) and (
        not segment_filters
        or any(
            all(
                _holds(group, SEGMENT, lambda name, segment=segment: segment.get(name, []))  # type: ignore[misc] # mypy cannot infer a lambda's default
                for group in segment_filters
            )
            for segment in _segments(row)
        )
    )


def _check_group(group: object, known: frozenset[str]) -> None:
    if not isinstance(group, dict) or group.get("type") not in ("and", "or"):
        msg = "A filter needs a type: and, or"
        raise RefusedError(msg)
    checked_fields(group, ("type", "predicates", "clauses"))
    predicates, clauses = group.get("predicates") or [], group.get("clauses") or []
    if not isinstance(predicates, list) or not isinstance(clauses, list):
        msg = "Predicates and clauses must be lists"
        raise RefusedError(msg)
    for predicate in predicates:
        _check_predicate(predicate, known)
    for clause in clauses:
        _check_group(clause, known)


def _check_predicate(predicate: object, known: frozenset[str]) -> None:
    if not isinstance(predicate, dict):
        msg = "A predicate must be an object"
        raise RefusedError(msg)
    checked_fields(predicate, _PREDICATE_FIELDS)
    if predicate.get("type", "dimension") != "dimension" or predicate.get("range") is not None:
        msg = "Only predicates of dimensions, without ranges, are simulated"
        raise RefusedError(msg)
    name, operator = predicate.get("dimension"), predicate.get("operator", "matches")
    if operator not in _OPERATORS:
        raise invalid_value(operator, "DetailQueryOperator", _OPERATORS)
    if not isinstance(name, str) or name not in CONVERSATION | SEGMENT:
        raise invalid_value(name, "DetailQueryDimension", sorted(known))
    if name in known - SIMULATED:
        msg = f"The dimension {name} is not simulated"
        raise RefusedError(msg)


def _holds(group: Row, own: frozenset[str], values: Callable[[str], list[Any]]) -> bool:
    """Evaluate a filter or a clause, without the predicates of the other list."""
    results = [
        _predicate_holds(predicate, values(predicate["dimension"]))
        for predicate in group.get("predicates") or ()
        if predicate["dimension"] in own
    ]
    results += [_holds(clause, own, values) for clause in group.get("clauses") or ()]
    if not results:
        return True
    return all(results) if group["type"] == "and" else any(results)


def _predicate_holds(predicate: Row, values: list[Any]) -> bool:
    operator = predicate.get("operator", "matches")
    if operator == "matches":
        return predicate.get("value") in values
    return bool(values) is (operator == "exists")


def _of_conversation(row: Row, name: str) -> list[Any]:
    value = row.get("divisionIds" if name == "divisionId" else name)
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def _segments(row: Row) -> Iterator[dict[str, list[Any]]]:
    """Yield the simulated dimensions of each segment, its session and its participant."""
    for participant in row["participants"]:
        for session in participant["sessions"]:
            flow = session.get("flow", {})
            for segment in session["segments"]:
                merged = {**participant, **session, **flow, **segment}
                yield {name: [merged[name]] for name in _SEGMENT_SIMULATED if name in merged}
