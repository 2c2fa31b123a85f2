from string import Formatter

from switch.model.reply import REPLY_TEXTS, ReplyCode, reply_message


def test_every_code_has_a_text_in_both_languages_with_the_same_facts() -> None:
    assert set(REPLY_TEXTS) == set(ReplyCode)
    for code, text in REPLY_TEXTS.items():
        fields = [
            {name for _, name, _, _ in Formatter().parse(t) if name} for t in (text.zh, text.en)
        ]
        assert fields[0] == fields[1], code


def test_codes_stand_in_order_of_precedence() -> None:
    assert list(ReplyCode) == sorted(ReplyCode)


def test_facts_are_filled_in() -> None:
    zh, en = reply_message(ReplyCode.FILING_ENDED, {"place": "杭州", "until": "2018-06-30"})
    assert "2018-06-30" in zh
    assert en == "The cross-city filing for 杭州 ended on 2018-06-30"
