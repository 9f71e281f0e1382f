"""The sandbox city: source systems spoken to over the wire, invented people, known truth.

`python -m townclerk.sandbox --people 1000 --seed 1 --dir DIR` starts it. Nobody in it is real:
names and streets are drawn from our own tables, personal numbers lie in the range that starts
with 9, and every e-mail address ends in example.nl.
"""
