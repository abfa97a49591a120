"""Numbers as the page and the terminal say them."""


def share(value: float) -> str:
    """
    >>> share(0.8451), share(1.0), share(-0.02)
    ('84.5 %', '100 %', '−2 %')
    """
    return f"{100 * value:.1f}".removesuffix(".0").replace("-", "−") + " %"
