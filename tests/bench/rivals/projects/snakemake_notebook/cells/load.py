data = snakemake.output.data
test_share = snakemake.params.test_share
seed = snakemake.params.seed
