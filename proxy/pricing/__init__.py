"""What an answer cost, in integer nano-dollars, and by whose word.

    rates       what one of each counted thing costs, and what a usage comes to
    sheet       the price sheet of the `genai-prices` package: models, dates, tiers, variants
    overlay     where that sheet is known to be wrong or silent, each row dated and with its source
    price_file  PRICES_FILE, the operator's own prices
    stated      the cost that an upstream states in its answer
    names       what of a model's name is its maker, its region and its edition
    sizes       context lengths and maximum outputs, where the sheet has none
    prices      which of them counts, and the memo that makes it cheap
    watch       a worker's prices, read again when it is asked for

The sheet is the one installed; nothing is fetched, so a new model has no price until the package
is updated. Nano-dollars, since a cheap embedding rounds to 0 micro-dollars. A cost is the sheet's
to within 0.1 %, or None: an answer of which some part has no known price has no known cost.
"""
