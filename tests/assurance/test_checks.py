"""Every rule of validation, each with a file that breaks it (risk-model.md section 3)."""

from datetime import date

import pytest

from idp.assurance.policy import load_policies
from idp.policy.files import packaged_directory

TODAY = date(2026, 12, 1)
LIBRARY = 'client_id = "library"'
CODE_GIVES = 'id = "one-time-code"\nname = "Code from an app or a device"\nfactor = "possession"\n'

# (file, what is replaced, by what, parts of the line that must be said)
BROKEN = {
    "a misspelt key": (
        "services.toml", "shut_out = 1 ", "shut_uot = 1 ",
        ['service "library" > shut_uot', 'Did you mean "shut_out"?']),
    "a misspelt table": (
        "services.toml", "[service.action.taken_over]", "[service.action.takenover]",
        ['action "borrow-books" > takenover', 'Did you mean "taken_over"?']),
    "one failure not assessed": (
        "services.toml", "[service.action.wrong_person]\nmoney_public = 1", "[other]\nx = 1",
        ['action "borrow-books" > wrong_person', "missing"]),
    "a severity beyond 4": (
        "services.toml", "privacy = 1", "privacy = 5",
        ["taken_over > privacy", "at most 4, not 5"]),
    "a severity in quotation marks": (
        "services.toml", "privacy = 1", 'privacy = "1"',
        ["taken_over > privacy", 'whole number, without quotation marks, not "1"']),
    "a category that is none": (
        "services.toml", "privacy = 1", "privasy = 1", ['Did you mean "privacy"?']),
    "a threat that is none": (
        "services.toml", 'threat = "normal"', 'threat = "hihg"',
        ["threat", '"hihg" is not one of low, normal or high', 'Did you mean "high"?']),
    "a date that is not one": (
        "services.toml", "review_by = 2027-11-22", 'review_by = "next year"',
        ['mitigation "known_account" > review_by', "a date without quotation marks"]),
    "a day no calendar has": (
        "services.toml", "review_by = 2027-11-22", "review_by = 2027-02-30", ["not TOML", "line "]),
    "a mitigation that is none": (
        "services.toml", '"known_account"', '"known_acount"', ['Did you mean "known_account"?']),
    "a service listed twice": (
        "services.toml", 'client_id = "tax"', LIBRARY, ['"library" is listed more than once']),
    "a service without a name for it": (
        "services.toml", LIBRARY, 'client_id = " "', ["client_id", "must not be empty"]),
    "no other route for the shut out": (
        "services.toml", 'other_route = "By telephone, at the same level"', "",
        ['service "tax"', "shut_out is 3", "other_route"]),
    "an entry that is no action": (
        "services.toml", "shut_out = 1 ", 'entry = "borow-books"\nshut_out = 1 ',
        ['service "library" > entry', 'Did you mean "borrow-books"?']),
    "a level that lasts longer than a lower one": (
        "levels.toml", "fades_after_minutes = 60 ", "fades_after_minutes = 481 ",
        ["signin 3 > fades_after_minutes", "longer for it than for a lower level"]),
    "a level that fades at once": (
        "levels.toml", "fades_after_minutes = 60 ", "fades_after_minutes = 0 ",
        ["signin 3 > fades_after_minutes"]),
    "an override without an owner": (
        "services.toml", "# [service.action.override]",
        '[service.action.override]\nsign_in = 3\nreason = "r"\nuntil = 2027-05-22\n#',
        ["override > owner", "missing"]),
    "an override of nothing": (
        "services.toml", "# [service.action.override]",
        '[service.action.override]\nowner = "o"\nreason = "r"\nuntil = 2027-05-22\n#',
        ["override", '"identity", "sign_in" or both']),
    "an override of more than 12 months": (
        "services.toml", "# [service.action.override]",
        '[service.action.override]\nsign_in = 3\nowner = "o"\nreason = "r"\nuntil = 2027-12-02\n#',
        ["override > until", "12 months at most", "2027-12-02"]),
    "a missing tier": (
        "levels.toml", "[[tier]]\nnumber = 1", "[[tier]]\nnumber = 2",
        ["There is no [[tier]] for 1"]),
    "a missing sign-in level": (
        "levels.toml", "[[signin]]\nlevel = 1", "[[signin]]\nlevel = 2",
        ["There is no [[signin]] for 1"]),
    "a missing identity level": (
        "levels.toml", "[[identity]]\nlevel = 3", "[[identity]]\nlevel = 2",
        ["There is no [[identity]] for 3"]),
    "a level beyond 3": (
        "levels.toml", "identity = 2\nsign_in = 2", "identity = 4\nsign_in = 2",
        ["tier 2 > identity", "at most 3, not 4"]),
    "tiers that fall": (
        "levels.toml", "identity = 1\nsign_in = 1", "identity = 1\nsign_in = 3",
        ["tier 2", "less than tier 1"]),
    "a first tier that asks for something": (
        "levels.toml", "identity = 0\nsign_in = 0", "identity = 0\nsign_in = 1",
        ["tier 0", "must be P0.C0"]),
    "a last tier that does not cover all": (
        "levels.toml", "identity = 3\nsign_in = 3", "identity = 3\nsign_in = 2",
        ["tier 3", "must be P3.C3"]),
    "a tier against the coupling": (
        "levels.toml", "P1 = 1\nP2 = 2\nP3 = 2", "P1 = 2\nP2 = 2\nP3 = 2",
        ["tier 1", "P1.C1 breaks the coupling: it needs P1.C2"]),
    "coupling that falls": (
        "levels.toml", "P1 = 1\nP2 = 2\nP3 = 2", "P1 = 1\nP2 = 2\nP3 = 1", ["coupling", "falls"]),
    "an alias of two levels": (
        "levels.toml", 'value = "Cl.Cm"', 'value = "Cl"', ["alias", '"Cl" is listed more than']),
    "another framework's name for two levels": (
        "levels.toml", 'eidas = "high", vot = "Ce/Cf"', 'eidas = "low", vot = "Ce/Cf"',
        ["signin 3 > same_as > eidas", '"low" already names level 1']),
    "a row that falls": (
        "levels.toml", "[[alias]]",
        '[[table]]\ncategory = "legal"\nidentity = [0, 1, 2, 1, 3]\nsign_in = [0, 1, 2, 2, 3]\n'
        "[[alias]]", ["table", '"identity" falls']),
    "money bands that fall": (
        "levels.toml", "upper = [100, 1000, 20000]", "upper = [100, 1000, 1000]",
        ["band", '"upper" must rise']),
    "two money bands only": (
        "levels.toml", "upper = [100, 1000, 20000]", "upper = [100, 1000]",
        ["band", "needs 3 amounts"]),
    "money bands told twice": (
        "levels.toml", 'category = "money_public"', 'category = "money_person"',
        ["band", '"money_person" is listed more than once']),
    "a misspelt money band": (
        "levels.toml", 'category = "money_public"', 'category = "money_pubic"',
        ["band", 'Did you mean "money_public"?']),
    "a signature of tomorrow": (
        "services.toml", "date = 2026-11-22", "date = 2026-12-02",
        ['service "library" > signature > date', "still to come"]),
    "a signature without a role": (
        "services.toml", 'role = "Head of libraries"\n', "",
        ['service "library" > signature > role', "missing"]),
    "a customer group that is none": (
        "services.toml", 'customers = "people"', 'customers = "peeple"',
        ['service "library" > customers', 'Did you mean "people"?']),
    "an example with a severity beyond 4": (
        "examples.toml", "distress = 1, service = 1 }", "distress = 7, service = 1 }",
        ['service "parking-permit"', "at most 4, not 7"]),
    "an example shut out without another route": (
        "examples.toml", 'other_route = "On paper at any school, at the same level"', "",
        ['service "school-place"', "other_route"]),
    "an expert listed twice": (
        "experts.toml", "Ruth Adeyemi", "Idris Powell", ['"Idris Powell" is listed more than']),
    "an expert who knows nothing": (
        "experts.toml", 'knows = ["privacy", "safety"]', "knows = []", ["knows", "at least 1"]),
    "a row of four": (
        "levels.toml", "[[alias]]",
        '[[table]]\ncategory = "legal"\nidentity = [0, 1, 2, 2, 3]\nsign_in = [0, 1, 2, 2]\n'
        "[[alias]]", ["table", '"sign_in" needs 5 levels']),
    "a third level that phishing gets through": (
        "levels.toml", "phishing_resistant = true", "phishing_resistant = false",
        ["C3 must be phishing_resistant"]),
    "a profile that is listed nowhere": (
        "levels.toml", '"L1A", "L1B"', '"L1B"', ['profile "L1A"', "No [[identity]] lists it"]),
    "a profile that is not there": (
        "levels.toml", 'id = "M1A"', 'id = "M1X"',
        ["identity 2 > profiles", 'No profile is called "M1A".']),
    "a profile of two levels": (
        "levels.toml", '"M1A", "M1B"', '"H1A", "M1A", "M1B"',
        ["identity > profiles", '"H1A" is listed more than once']),
    "a profile told twice": (
        "levels.toml", 'id = "M1B"', 'id = "M1A"', ["profile", '"M1A" is listed more than once']),
    "a profile of no evidence": (
        "levels.toml", "items = [[4, 2]]", "items = []", ['profile "M1A" > items', "at least 1"]),
    "a profile's item of one part": (
        "levels.toml", "items = [[4, 2]]", "items = [[4]]", ['profile "M1A" > items']),
    "a score beyond 4": (
        "levels.toml", "verification = 4", "verification = 5", ["verification", "at most 4"]),
    "no owner of the levels": (
        "levels.toml", 'owner = "Identity policy team"', "", ["meta > owner", "missing"]),
    "a method of C3 that can be phished": (
        "methods.toml", f"{CODE_GIVES}gives = {{ alone = 0, second = 2 }}",
        f"{CODE_GIVES}gives = {{ alone = 0, second = 3 }}",
        ['method "one-time-code"', "gives C3, so it must resist phishing"]),
    "a method listed twice": (
        "methods.toml", 'id = "app-push"', 'id = "passkey"', ['"passkey" is listed more than']),
    "a status without its date": (
        "methods.toml", "since = 2026-11-22", "", ["since", "missing"]),
    "a status without its reason": (
        "methods.toml", 'why = "Phone numbers can be taken over; kept for people without an app."',
        "", ['method "sms-code" > why', "missing"]),
    "a restricted method without conditions": (
        "methods.toml", 'conditions = ["only as one of two"]', "",
        ['method "short-password"', 'needs "conditions" and "review_by"']),
    "a restricted method without a certificate": (
        "methods.toml", 'method = "short-password"', 'method = "sms-code"',
        ['method "short-password"', "needs a [[certificate]]"]),
    "a certificate for no method": (
        "methods.toml", 'method = "email-code"', 'method = "emial-code"',
        ['certificate of "Example Borough Council"', 'Did you mean "email-code"?']),
    "a share above one": (
        "methods.toml", "blocks_attacks = 0.80", "blocks_attacks = 80",
        ['method "one-time-code" > blocks_attacks', "at most 1"]),
    "a kind of evidence listed twice": (
        "evidence.toml", 'id = "contact-text"', 'id = "contact-email"',
        ["kind", '"contact-email" is listed more than']),
    "a kind of evidence that scores nothing": (
        "evidence.toml", "{ fraud = 1 }", "{ fraud = 0 }",
        ['kind "fraud-check" > scores', "must score in one part"]),
    "a kind of evidence that needs one that is not there": (
        "evidence.toml", 'needs = ["register-match"]', 'needs = ["register-mach"]',
        ['kind "contact-email" > needs', 'Did you mean "register-match"?']),
    "a kind of evidence that needs itself in a circle": (
        "evidence.toml", "household = true\nwhy = \"The record",
        'household = true\nneeds = ["contact-text"]\nwhy = "The record',
        ['kind "contact-text" > needs', "needs itself"]),
    "a restricted kind of evidence without conditions": (
        "evidence.toml",
        'conditions = ["only a number held before this visit", '
        '"a number changed in the last 30 days is not used"]', "",
        ['kind "contact-text"', 'needs "conditions" and "review_by"']),
    "evidence by which a housemate would be taken for the person": (
        "evidence.toml", "scores = { strength = 2, validity = 2 }",
        "scores = { strength = 4, validity = 2, verification = 2 }",
        ["Somebody at home could have all of", "reach P2"]),
    "a slip forgiven in short first names": (
        "names.toml", "first_name_slip_letters = 5", "first_name_slip_letters = 4",
        ["rules > first_name_slip_letters", "at least 5, not 4"]),
    "a short form that is another name of its own": (
        "names.toml", '"Maggie",', '"Maggie", "Ruth",',
        ['group "Margaret" > short', '"Ruth" is a whole name, of the group "Ruth"']),
    "a spelling that belongs to two names": (
        "names.toml", '{ id = "Adam", also = ["Adham"]', '{ id = "Adam", also = ["Alun"]',
        ['first_names > group "Alan"', '"Alun" already belongs to the group "Adam"']),
    "a name listed with and without its accent": (
        "names.toml", '{ id = "Siân", ', '{ id = "Siân", short = ["Sian"], ',
        ["first_names > group"]),
    "a short form of two words": (
        "names.toml", '"Maggie"', '"Maggie May"', ["one word of letters"]),
    "a group that says nothing": (
        "names.toml", '{ id = "Adam", also = ["Adham"], short = ["Ad"] }', '{ id = "Adam" }',
        ['group "Adam"', 'needs "also" or "short"']),
    "no owner of the names": (
        "names.toml", 'owner = "Identity policy team"', "", ["meta > owner", "missing"]),
    "a factor that is none": (
        "methods.toml", 'factor = "inherence"', 'factor = "voice"', ['"voice" is not one of']),
}  # fmt: skip


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_file_is_refused_with_the_file_the_place_and_a_sentence(
    case, spoil, problems
) -> None:
    name, old, new, said = BROKEN[case]
    found = problems(spoil(name, (old, new)))
    assert any(line.startswith(name) and all(s in line for s in said) for line in found), found


def test_one_mistake_is_told_once(spoil, problems) -> None:
    """Cutting a wrong part away must not make the rest look wrong."""
    for old, new in (
        ("privacy = 1", "privacy = 9"),
        ('threat = "normal"', "threat = 3"),
        ('kind = "known_account"', 'kind = "known"'),
        (LIBRARY, "client_id = 7"),
        ('id = "borrow-books"', ""),
    ):
        assert len(problems(spoil("services.toml", (old, new)))) == 1, (old, new)
    spoil("services.toml")
    assert len(problems(spoil("levels.toml", ('name = "Low"', "")))) == 1


def test_all_mistakes_in_all_files_are_told_at_once(spoil, problems) -> None:
    spoil("levels.toml", ('owner = "Identity policy team"', ""), ('value = "Cl.Cm"', "value = 3"))
    spoil("methods.toml", ('"inherence"', '"voice"'), ('id = "app-push"', 'id = "passkey"'))
    folder = spoil(
        "services.toml",
        ("shut_out = 1 ", "shut_uot = 1 "),
        ("privacy = 1", "privacy = 5"),
        ('other_route = "By telephone, at the same level"', ""),
    )
    found = problems(folder)
    assert [line.split(":")[0] for line in found] == (
        ["levels.toml"] * 2 + ["methods.toml"] * 2 + ["services.toml"] * 3
    ), found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = " + "[" * 5000, "nested too deep"),
        ("x = " + "9" * 5000, "not TOML that can be read"),
        ("x = \x00", "not TOML"),
    ],
)
def test_what_breaks_a_reader_of_toml_is_a_problem_like_another(
    text, said, tmp_path, problems
) -> None:
    (tmp_path / "services.toml").write_text(text)
    found = problems(tmp_path)
    assert len(found) == 1
    assert said in found[0]


def reach(folder_text: str, tmp_path, problems) -> list[str]:
    (tmp_path / "methods.toml").write_text(folder_text)
    return [line for line in problems(tmp_path) if "level C" in line]


def method(name: str, factor: str, alone: int, second: int, extra: str = "") -> str:
    return (
        f'[[method]]\nid = "{name}"\nname = "{name}"\nfactor = "{factor}"\nstatus = "approved"\n'
        f"gives = {{ alone = {alone}, second = {second} }}\nsince = 2026-11-22\n"
        f'why = "w"\nphishing_resistant = true\n{extra}\n'
    )


def test_every_level_needs_two_approved_methods(tmp_path, problems) -> None:
    one = method("key", "combined", 3, 3)
    assert [line for line in reach(one, tmp_path, problems) if "there are 1" in line].__len__() == 3


def test_every_level_needs_a_way_without_a_smartphone(tmp_path, problems) -> None:
    phone = "needs_smartphone = true"
    only = method("a", "combined", 3, 3, phone) + method("b", "combined", 3, 3, phone)
    assert len(reach(only, tmp_path, problems)) == 3
    # A way of two counts as needing one when either of the two does.
    split = method("a", "knowledge", 1, 3) + method("b", "possession", 1, 3, phone)
    assert [line[:31] for line in reach(split, tmp_path, problems)] == [
        "methods.toml: level C2: Nobody ",
        "methods.toml: level C3: Nobody ",
    ]


def test_a_mitigation_without_owner_is_no_error_but_a_note_and_counts_as_nothing(spoil) -> None:
    folder = spoil("services.toml", ('owner = "Repayments team"', ""))
    loaded = load_policies(folder, TODAY, fallback=packaged_directory())
    assert ["known_account" in note.sentence for note in loaded.notes] == [True]
    assert any("public money 3" in reason for reason in loaded.assessment(
        "tax", "file-return").reasons)  # fmt: skip


def test_dates_that_passed_are_told_and_do_not_stop_a_start(spoil) -> None:
    override = (
        "# [service.action.override]",
        '[service.action.override]\nsign_in = 3\nowner = "o"\nreason = "r"\nuntil = 2027-05-22\n#',
    )
    folder = spoil("services.toml", override)
    on_the_day = load_policies(folder, date(2027, 5, 22), fallback=packaged_directory())
    assert not on_the_day.overdue
    assert str(on_the_day.floor("tax")) == "P2.C3"
    after = load_policies(folder, date(2027, 11, 23), fallback=packaged_directory())
    places = [problem.place for problem in after.overdue]
    assert places[0] == "meta > review_by"
    assert sum("certificate" in place for place in places) == 7
    assert 'service "tax" > action "file-return" > override > until' in places
    assert [p.file for p in after.overdue if p.place == "meta > review_by"] == [
        "levels.toml", "evidence.toml", "names.toml", "risk.toml", "experts.toml",
    ]  # fmt: skip
    assert str(after.assessment("tax", "file-return").level) == "P2.C2"


def test_twelve_months_from_a_leap_day_end_on_the_28th(spoil, problems) -> None:
    for until, refused in (("2029-02-28", False), ("2029-03-01", True)):
        exception = f'sign_in = 3\nowner = "o"\nreason = "r"\nuntil = {until}\n#'
        header = "[service.action.override]"
        folder = spoil("services.toml", (f"# {header}", f"{header}\n{exception}"))
        if refused:
            assert any("12 months" in line for line in problems(folder, date(2028, 2, 29)))
        else:
            load_policies(folder, date(2028, 2, 29), fallback=packaged_directory())


def test_a_certificate_stands_on_its_last_day() -> None:
    last = load_policies(packaged_directory(), date(2027, 11, 21))
    assert not last.overdue
    assert len(load_policies(packaged_directory(), date(2027, 11, 22)).overdue) == 7


def test_a_service_without_an_action_was_not_assessed(tmp_path, problems) -> None:
    (tmp_path / "services.toml").write_text(
        '[[service]]\nclient_id = "bins"\nname = "Bins"\nowner = "Council"\n'
    )
    assert problems(tmp_path) == [
        'services.toml: service "bins": It has no action, so nothing was assessed.'
    ]
