"""How fast Duebook is, as ratios to floors that are taken in the same run on the same machine."""
