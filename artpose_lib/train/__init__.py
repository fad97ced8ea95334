"""Train networks by the recipes of Tables A.1 and A.2, and keep what came of it.

A *study* is a data set, a *profile* and a folder of results. A *recipe* says how a model is trained; a profile shortens
it, and a *variant* changes one thing in it. A recipe and a *seed*, which draws the division and the first weights, make
a *trial*. A trained trial leaves a *record*.
"""
