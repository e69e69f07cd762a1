"""The simulated card processor, a program of its own with a book of its own.

What its book says happened is the truth that Duebook must come to, so it knows nothing of Duebook: it imports
the standard library only. It keeps test cards and no others, and of those never the number.
"""
