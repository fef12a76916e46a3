"""Work the review's figures out again, from the database file and the policy files alone.

Written from the definitions that are published with the figures, for who does not believe the
program that published them. It imports nothing of the house: SQLite, JSON, TOML and statistics.

    python tests/figures/rederive.py gatehouse.sqlite3 review.json POLICIES_DIR [FALLBACK_DIR]

POLICIES_DIR holds the policy files in force; a file that it lacks is read from FALLBACK_DIR. It
prints what differs, and exits with 1 if anything does. All rows are held in memory at once:
this is the other way to do it.
"""

import json
import math
import sqlite3
import statistics
import sys
import tomllib
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path

HOUR = 3_600_000_000
YEAR = 365 * 24 * HOUR
Z = statistics.NormalDist().inv_cdf(0.975)
FIRST, SECOND, AFTER = "left-at-first-check", "left-at-second-check", "left-after-the-checks"
HELD = ("sign-in-deferred", "deferral-released", "deferral-refused")
ENDS = ("signed-in", "refused", FIRST, SECOND, AFTER)


class Policy:
    """The little that the figures need of the policies: tiers, aliases, what methods reach."""

    def __init__(self, *folders):
        def read(name):
            return tomllib.loads(next(f / name for f in folders if (f / name).exists()).read_text())

        levels, methods = read("levels.toml"), read("methods.toml")
        self.tiers = {one["number"]: (one["identity"], one["sign_in"]) for one in levels["tier"]}
        self.methods = {one["id"]: one for one in methods["method"]}

    def tier_covering(self, level):
        return min(n for n, pair in self.tiers.items() if covers(pair, level))

    def level_of(self, value):
        """A tier or a pair; the samples name no aliases."""
        if value.startswith("urn:gatehouse:tier:"):
            return self.tiers.get(int(value.rpartition(":")[2]))
        return pair(value.removeprefix("urn:gatehouse:loa:"))

    def reach(self, given):
        used = [self.methods[name] for name in set(given) if name in self.methods]
        alone = [one["gives"]["alone"] for one in used]
        together = [
            min(a["gives"]["second"], b["gives"]["second"])
            for a in used for b in used if a["factor"] != b["factor"]
        ]  # fmt: skip
        return max(alone + together, default=0)


def pair(text):
    """(2, 1) of "P2.C1"; None of anything else."""
    if len(text) == 5 and text[0] == "P" and text[2:4] == ".C":
        return int(text[1]), int(text[4])
    return None


def covers(one, other):
    return one[0] >= other[0] and one[1] >= other[1]


def attempts_of(rows):
    """Gather each journey's rows under its reference; and the sign-ins that had no page."""
    journeys, direct = {}, []
    for at, kind, client, detail in rows:
        ref = detail.get("journey", "")
        if kind == "sign-in-started":
            journeys[ref] = {"client": client, "start": at, "asked": detail, "proofs": [],
                             "missed": [], "end": None}  # fmt: skip
        elif kind == "signed-in-to-service" and not ref:
            direct.append((at, client, detail))
        elif ref in journeys and journeys[ref]["end"] is None:
            if at - journeys[ref]["start"] > HOUR:
                continue
            if kind == "proof-given":
                journeys[ref]["proofs"].append((at, detail["method"]))
            elif kind == "proof-refused":
                journeys[ref]["missed"].append(detail["method"])
            elif kind in ("signed-in-to-service", "acting-started", "authorization-refused"):
                journeys[ref]["end"] = (at, kind, detail)
    return journeys, direct


def over(policy, asked):
    """What a request names, against the entry (floor) and the assessment (ceiling)."""
    named = [level for value in asked["asked"] if (level := policy.level_of(value))]
    floor, ceiling = pair(asked["floor"]), pair(asked["ceiling"])
    if not named or any(covers(floor, one) for one in named):
        return "", named
    return ("floor" if any(covers(ceiling, one) for one in named) else "ceiling"), named


def left_at(policy, journey):
    given = [method for _at, method in journey["proofs"]]
    needed, stood = pair(journey["asked"]["demand"])[1], pair(journey["asked"]["stands"])[1]
    reached = policy.reach(given) if not stood else (needed if given else stood)
    if reached >= needed and (reached or given):
        return AFTER
    return SECOND if given or stood else FIRST


def wilson(part, whole):
    """The score interval, solved as the quadratic that it is."""
    if not whole:
        return 0.0, 1.0
    p = part / whole
    a, b, c = 1 + Z * Z / whole, -(2 * p + Z * Z / whole), p * p
    root = math.sqrt(max(b * b - 4 * a * c, 0.0))
    return (-b - root) / (2 * a), (-b + root) / (2 * a)


def nearest_rank(values, share):
    ordered = sorted(values)
    return ordered[max(math.ceil(round(share * len(ordered), 9)), 1) - 1] if ordered else None


def hide(parts):
    """Parts of a whole that is known: small ones, and then enough others, are None."""
    hidden = {name for name, number in parts.items() if 0 < number < 10}
    while 0 < sum(parts[name] for name in hidden) < 10:
        rest = [name for name, number in parts.items() if name not in hidden and number]
        if not rest:
            break
        hidden.add(min(rest, key=lambda name: parts[name]))
    return {name: None if name in hidden else number for name, number in parts.items()}


def share(part, whole):
    small = 0 < part < 10 or 0 < whole - part < 10 or whole < 10
    return None if small else round(part / whole, 4)


def ends_of(journeys, policy):
    counts = Counter(dict.fromkeys(ENDS, 0))
    for one in journeys:
        if one["end"] is None:
            counts[left_at(policy, one)] += 1
        else:
            counts["refused" if one["end"][1] == "authorization-refused" else "signed-in"] += 1
    return dict(counts)


def count(number):
    return None if 0 < number < 10 else number


def usual(counts, otherwise=None):
    """The most frequent of at least ten; of equals the first by name."""
    best = min(counts.items(), key=lambda one: (-one[1], one[0]), default=None)
    return best[0] if best and best[1] >= 10 else otherwise


def least_named(policy, asked):
    """The least level that a request names, else the entry's own."""
    named = over(policy, asked)[1]
    if not named:
        return asked["floor"]
    p, c = min(named, key=lambda one: (one[0] + one[1], one[0]))
    return f"P{p}.C{c}"


def stages_of(ends):
    """How many were left after each stage; None from where a hidden number was taken away."""
    left, shown = count(sum(ends.values())), hide(ends)
    stages = [{"stage": "started", "left": left}]
    for name, lost in (("first-check-given", FIRST), ("checks-given", SECOND)):
        left = None if left is None or shown[lost] is None else left - shown[lost]
        stages.append({"stage": name, "left": left})
    return [*stages, {"stage": "signed-in", "left": shown["signed-in"]}]


def risks_of(rows):
    """What run-time risk said in these rows, each with its moment: in all, and week by week."""
    scored = [(at, row["risk"]["outcome"]) for at, row in rows if isinstance(row.get("risk"), dict)]
    weeks: dict[str, list[str]] = {}
    for at, outcome in scored:
        year, week, _day = datetime.fromtimestamp(at / 1_000_000, UTC).isocalendar()
        weeks.setdefault(f"{year}-W{week:02d}", []).append(outcome)
    counts = Counter(outcome for _at, outcome in scored)
    return {
        "scored": count(len(scored)),
        "outcomes": {name: share(number, len(scored)) for name, number in counts.items()},
    }, [
        {"week": name, "scored": count(len(found)),
         "deferred": share(found.count("defer"), len(found))}
        for name, found in sorted(weeks.items())
    ]  # fmt: skip


def fare(journeys, direct, policy, events):
    """The figures that a service and all services together both have."""
    ended = [j["end"] for j in journeys if j["end"]]
    risk, _weeks = risks_of([(at, row) for at, _kind, row in ended]
                            + [(at, row) for at, _client, row in direct])  # fmt: skip
    decided = events["deferral-released"] + events["deferral-refused"]
    done = [j for j in journeys if j["end"] and j["end"][1] != "authorization-refused"]
    tenths = [(j["end"][0] - j["start"]) // 100_000 for j in done]
    ends = ends_of(journeys, policy)
    shown, whole = hide(ends), len(journeys)
    rows = [j["end"][2] for j in done] + [detail for _at, _client, detail in direct]
    stepped = sum(row["stepped"] for row in rows)
    given = Counter(m for j in journeys for _at, m in j["proofs"])
    missed = Counter(m for j in journeys for m in j["missed"])
    counted = Counter(m for row in rows for m in row["methods"])
    enough = len(tenths) >= 10
    signed = shown["signed-in"]
    return {
        "attempts": whole,
        "ends": shown,
        "completion": None if signed is None else round(signed / whole, 4),
        "abandoned": {
            name: round(shown[name] / whole, 4)
            for name in (FIRST, SECOND, AFTER)
            if shown[name] is not None
        },
        "sign_ins": len(rows),
        "without_a_page": share(len(direct), len(rows)),
        "seconds_median": nearest_rank(tenths, 0.5) / 10 if enough else None,
        "seconds_90": nearest_rank(tenths, 0.9) / 10 if enough else None,
        "step_up": share(stepped, len(rows)),
        "stages": stages_of(ends),
        "deferred": count(events["sign-in-deferred"]),
        "false_alarms": share(events["deferral-released"], decided),
        **risk,
        "methods": {
            name: tuple(None if 0 < n[name] < 10 else n[name] for n in (given, missed, counted))
            for name in {*given, *missed, *counted}
        },
    }


def levels_of(journeys, direct, policy):
    """What a service asks and what is used there, level by level; and its weeks."""
    done = [j["end"] for j in journeys if j["end"] and j["end"][1] != "authorization-refused"]
    requests = [j["asked"] for j in journeys] + [detail for _at, _client, detail in direct]
    asked = Counter(least_named(policy, one) for one in requests)
    used = Counter(row["vot"] for row in [e[2] for e in done] + [one[2] for one in direct])
    ways = Counter(
        "nothing" if not over(policy, one)[1] else "essential" if one["essential"] else "wish"
        for one in requests
    )
    refused = [j["end"] for j in journeys if j["end"] and j["end"][1] == "authorization-refused"]
    rows = [(e[0], e[2]) for e in done + refused] + [(at, detail) for at, _client, detail in direct]
    return {
        "asks": usual(asked, requests[0]["floor"]),
        "uses": usual(used),
        "asked": hide(dict(asked)),
        "used": hide(dict(used)),
        "ways": hide(dict(ways)),
        "weeks": risks_of(rows)[1],
    }


def cost(journeys, direct, policy, years, tiers, entry, assessed):
    """What asking too much costs: the finding, the extra checks, the hours, the sign-ins lost."""
    kinds = [over(policy, j["asked"])[0] for j in journeys]
    kinds += [over(policy, detail)[0] for _at, _client, detail in direct]
    n, past, way_past = len(kinds), sum(k != "" for k in kinds), kinds.count("ceiling")
    finding = "none"
    if n >= 50 and wilson(past, n)[0] > 0.9:
        finding = "asks-more-than-its-entry-nearly-always"
    if n >= 50 and wilson(way_past, n)[0] > 0.1:
        finding = "asks-more-than-its-assessment"
    counts_for = {"ceiling"} if finding != "asks-more-than-its-entry-nearly-always" else {
        "ceiling", "floor"}  # fmt: skip
    took: list[int] = []
    raised: Counter[int] = Counter()
    for journey in journeys:
        kind = over(policy, journey["asked"])[0]
        if kind not in counts_for:
            continue
        raised[policy.tier_covering(pair(journey["asked"]["demand"]))] += 1
        if journey["end"] is None or journey["end"][1] == "authorization-refused":
            continue
        enough = pair(journey["asked"][kind])[1]
        given: list[str] = []
        before = journey["start"]
        for at, method in journey["proofs"]:
            if (pair(journey["asked"]["stands"])[1] or policy.reach(given)) >= enough:
                took.append((at - before) // 100_000)
            before, given = at, [*given, method]
    each = nearest_rank(took, 0.5) / 10 if len(took) >= 10 else None
    hours = 0.0 if not took else None if each is None else round(len(took) * years * each / 3600, 1)
    base = policy.tier_covering(entry if "entry" in finding else assessed)
    raised = Counter({tier: number for tier, number in raised.items() if tier > base})
    lost = None
    if raised:
        tier = max(raised, key=lambda one: (raised[one], one))
        (a, m), (b, k) = tiers.get(base, (0, 0)), tiers[tier]
        small = [x for x in (a, m - a, b, k - b) if 0 < x < 10]
        if raised[tier] >= 10 and m >= 10 and k >= 10 and not small:
            (low_a, high_a), (low_b, high_b) = wilson(a, m), wilson(b, k)
            gap = a / m - b / k
            under = math.hypot(a / m - low_a, high_b - b / k)
            upper = math.hypot(high_a - a / m, b / k - low_b)
            lost = (round(gap, 4), round(gap - under, 4), round(gap + upper, 4),
                    round(raised[tier] * years * gap))  # fmt: skip
    return {
        "finding": finding,
        "requests": n,
        "share_past_floor": share(past, n),
        "share_past_ceiling": share(way_past, n),
        "extra_checks": None if 0 < len(took) < 10 else len(took),
        "seconds_each": each,
        "hours_a_year": hours,
        "lost": lost,
    }


def derive(database, published, policy):
    """Answer the figures of the published window, by service; and "all" and the tiers."""
    since, until = (micros(published[name]) for name in ("since", "until"))
    # The published moments are whole seconds; the window itself is finer, and ends before now.
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    rows = [
        (at, kind, client, json.loads(detail))
        for at, kind, client, detail in connection.execute(
            "SELECT at, kind, client_id, detail FROM journal_entry WHERE at >= ? AND at < ?"
            " AND client_id IS NOT NULL ORDER BY id",
            (since, until + HOUR),
        )
    ]
    journeys, direct = attempts_of(rows)
    events: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for at, kind, client, _detail in rows:
        if kind in HELD and at < until:
            events[client][kind] += 1
    ended = [j for j in journeys.values() if j["start"] < until]
    ended = [j for j in ended if j["end"] or until - j["start"] > HOUR]
    direct = [one for one in direct if one[0] < until]
    by_service, without = defaultdict(list), defaultdict(list)
    for journey in ended:
        by_service[journey["client"]].append(journey)
    for one in direct:
        without[one[1]].append(one)
    people = connection.execute("SELECT count(*) FROM person").fetchone()[0]
    took_up: Counter[str] = Counter()
    for client, count in connection.execute(
        "SELECT client_id, count(DISTINCT person) FROM journal_entry WHERE at >= ? AND at < ?"
        " AND kind IN ('signed-in-to-service', 'acting-started')"
        " AND person IN (SELECT ref FROM person) GROUP BY client_id", (since, until)
    ):  # fmt: skip
        took_up[client] = count
    everybody = connection.execute(
        "SELECT count(DISTINCT person) FROM journal_entry WHERE at >= ? AND at < ?"
        " AND kind IN ('signed-in-to-service', 'acting-started')"
        " AND person IN (SELECT ref FROM person)", (since, until)
    ).fetchone()[0]  # fmt: skip
    connection.close()
    tiers: defaultdict[int, tuple[int, int]] = defaultdict(lambda: (0, 0))
    for journey in ended:
        tier = policy.tier_covering(pair(journey["asked"]["demand"]))
        done = journey["end"] is not None and journey["end"][1] != "authorization-refused"
        tiers[tier] = (tiers[tier][0] + done, tiers[tier][1] + 1)
    years = YEAR / (until - since)
    assessed = {one["client_id"]: one for one in published["services"]}
    services = {}
    for client, found in by_service.items():
        known = assessed[client]
        entry, ceiling = pair(known["floor"]), pair(known["ceiling"])
        services[client] = {
            **fare(found, without[client], policy, events[client]),
            **levels_of(found, without[client], policy),
            **cost(found, without[client], policy, years, dict(tiers), entry, ceiling),
            "take_up": share(took_up[client], people),
        }
    every: Counter[str] = sum(events.values(), Counter())
    together = fare(ended, direct, policy, every) | {"take_up": share(everybody, people)}
    return together, dict(tiers), services


def micros(text):
    return int(datetime.fromisoformat(text).astimezone(UTC).timestamp()) * 1_000_000


def flat(one):
    """A published service in the shape of ours."""
    lost = one.get("over", {}).get("lost")
    answer = {**one, **one.get("over", {})}
    answer["methods"] = {
        m["method"]: (m["given"], m["refused"], m["sign_ins"]) for m in one["methods"]
    }
    answer["lost"] = lost and (
        lost["completion_lost"], *lost["between"], lost["sign_ins_a_year"]
    )  # fmt: skip
    return answer


def differences(database, published, *folders):
    """Say, in a line each, where the published figures are not what the journal says."""
    policy = Policy(*folders)
    together, tiers, services = derive(database, published, policy)
    pairs = [("all", {**flat(published["all"]), "take_up": published["take_up"]}, together)]
    told = {one["client_id"]: one for one in published["services"]}
    if set(told) != set(services):
        yield f"services: published {sorted(told)}, found {sorted(services)}"
    pairs += [(ref, flat(told[ref]), services[ref]) for ref in sorted({*told} & {*services})]
    for name, theirs, ours in pairs:
        for key, value in ours.items():
            if theirs[key] != value:
                yield f"{name}, {key}: published {theirs[key]}, found {value}"
    for one in published["tiers"]:
        done, whole = tiers[one["tier"]]
        if (one["ends"]["signed-in"], one["attempts"]) != (done, whole):
            yield f"tier {one['tier']}: published {one['attempts']}, found {whole}"


def main():
    database, review, *folders = sys.argv[1:]
    published = json.loads(Path(review).read_text())
    found = list(differences(database, published, *map(Path, folders)))
    print("\n".join(found) or "Every figure is what the journal says.")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
