upstream = None
product = None
test_share = None
seed = None
# %%
data = product["data"]
