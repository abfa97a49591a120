"""Numbers, sizes and times as text."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

from cnnlab.text import compact, number, percent, timestamp


def test_numbers_have_few_digits_a_true_minus_and_thousands_apart() -> None:
    assert [number(one) for one in (0.0, -0.0, 12, -3.14159, 0.05, 999.6, -999.7, 1234.5, float("-inf"))] == [
        "0", "0", "12", "−3.14", "0.05", "1,000", "−1,000", "1,234", "−inf",
    ]  # fmt: skip


def test_a_count_is_never_written_with_an_exponent() -> None:
    assert [compact(one) for one in (99_999, 100_000, 999_999, 999_949_999, 10**12)] == [
        "99,999",
        "100 k",
        "1,000 k",
        "1,000 M",
        "1,000 G",
    ]


def test_a_share_loses_the_zeros_behind_its_point_only() -> None:
    assert [percent(one) for one in (1.0, 0.1, 0.0, 0.1234567, -0.5)] == ["100 %", "10 %", "0 %", "12.35 %", "−50 %"]
    assert [percent(one, 0) for one in (1.0, 0.1, 0.0)] == ["100 %", "10 %", "0 %"]


def test_a_time_is_read_back_as_it_was() -> None:
    time = datetime.fromisoformat(timestamp())
    assert time.tzinfo == timezone.utc
    assert abs(datetime.now(timezone.utc) - time) < timedelta(seconds=5)
