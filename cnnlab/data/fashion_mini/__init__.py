"""The images that ship with cnnlab: 10,000 + 2,000 of Fashion-MNIST, 1,000 + 200 of each class."""

from pathlib import Path

FILE = Path(__file__).with_name("fashion_mini.npz")
"""{train,test}_{x,y,index}: images uint8 (N, 28, 28), labels uint8 (N,), their places in the original uint16 (N,)"""
