"""Networks as pictures: what is inside a network as plain records, its layout, SVG, and pages with it."""
