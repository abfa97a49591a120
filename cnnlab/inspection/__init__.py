"""Inside a trained network: what its blocks make of images, how sure it is, and what a moved image does to it."""
