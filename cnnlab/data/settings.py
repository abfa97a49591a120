"""What the group `augment` may say; neither torch nor numpy is needed to compose and check it."""

from cnnlab.settings import Flag, Fraction, Natural, Settings


class AugmentSettings(Settings):
    """Random changes of training images, drawn anew each epoch; shift and cutout are in pixels as stored."""

    flip: Flag = False
    """mirror left and right, half of the time"""
    shift: Natural = 0
    """move by up to so many pixels each way, zeros come in: a random crop after zero-padding"""
    cutout: Natural = 0
    """side of a square set to the mean, its centre anywhere: DeVries & Taylor 2017, arXiv:1708.04552; 0: none"""
    brightness: Fraction = 0.0
    """values times a factor within so much of 1: Krizhevsky et al. 2012 and Howard 2013, arXiv:1312.5402, §2"""
    contrast: Fraction = 0.0
    """distance from the image's mean gray, times a factor within so much of 1"""
    saturation: Fraction = 0.0
    """distance from the pixel's own gray, times a factor within so much of 1; of three channels only"""
