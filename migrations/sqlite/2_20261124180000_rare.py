"""Lists that stay quick for two filters that are each common and rarely meet: what did not end
well, by model and by status.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE INDEX "request_log_model_incomplete" ON "request_log" ("model", "id")
    WHERE "outcome" <> 'complete';
CREATE INDEX "request_log_failed_incomplete" ON "request_log" ("id")
    WHERE "status" >= 400 AND "outcome" <> 'complete';
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "request_log_failed_incomplete";
DROP INDEX "request_log_model_incomplete";
"""


MODELS_STATE = (
    "eJztXftv27YW/lcI/3I7IAtqx3msdxiQpOmWNY+hSe+GdYNKW4zNRRY9kYobbP3fL6n325"
    "Zk2bJygKFLKB5K+Q7N89Tnf3r8b4MKsv+Lxf4iY9F7g/7pmXhG5A/JS3uoh+fz8IIaEHhk"
    "OHPnkUkjLizsrPWADU7kkE742KJzQZmpJr8lBhHUnCBmEvRIyJwjMSXIYos9xJn8GQs0pV"
    "ww6xlxgZ85sgjW1a32EDZ1RCzMCUdUcCn9zPfVXXU2lreVizZ1A9ukf9tEE2xC5FqWvM2n"
    "P+UwNXXyhXD/1/mj9kCJoceApLpawBnXxPPcGfv48fLtO2emeviRNmaGPTPD2fNnMWVmMN"
    "22qb6vZNS1CTHlEwqiRyA2bcPwlOEPuU8sB4Rlk+BR9XBAJw/YNpSiet8/2OZY6QfNmE4M"
    "vk91vm+ShUb1H7wnjMzWtJvbe+3u4l7Tein1qidJKMQbGjNTbQ1qCoXXP1/ddUNcnNGeus"
    "H5T6cfXh0cfeMgwbiYWM5FB7XeV0cQC+yKOtiHYDv/T8F9PsVWNtz+/ATg8kGrQO0PhFiH"
    "nwEfPh+gBiDtzfAXzSDmREzlr4PXrwsw/t/pBwdmOcvBmckPrfthvvEuDdxrCu8QX4M+Ea"
    "0syDGhSkh7W7bEnt5tmOWB+kR1YpVBOSrTwe18NFwB5qNhLsrqUhzkkTzmNdsyyoAclVnL"
    "Tm4VxoPXw5OVNvPwpGA3q4txpCnXpEsgT4E01GeMGQSbOcYwKpeAeyQFm9rU/mmyWbN3dn"
    "t7pVaeceliOQOX9wmUP16fXXx41XfA9/wwOXx5c58A3CLyj+WCa3NiaTNq2iID+ktTZMOe"
    "I51QgPyLdnC/T9RDfDvoD4+HJwdHwxM5xXnOYOS4QENpoNXHZ44tbBjE0HzcSkCdKw9gp8"
    "GWKLEF0TXXSU2j/PPd7U02zGnJBL46HQv0LzJkWLB7OBeAqCCJnSn+Qf3q+vS35Bl+fnV7"
    "lvS51QJnOXpgFp1Qs5IiIqKgieqaGMvIVWKjYZFWwlt5RdAZyVZEXDKpA0903/9hB73HAl"
    "XcX15f3N2fXv8S08fb0/sLdWXgjD4nRl8dJXQULIJ+vbz/Calf0e+3NxdJtQXz7n/vqWfC"
    "tmCayRYa1qOY+MP+UEzN9lyvqOa4JKi51WrWVeKqkprjkmtQ8+6cqzuhZZUcfHiMZKzUwA"
    "iPHxfY0rXYlXA7qORjRsDkSb17/4EY2AEyrXIveftxLkEkePaePO/uRzsc9fZl7DMj2CPJ"
    "ckHKwHSv1ugSQGp3sQHL22/pS7PBLDmCTTxx/iR1b3WnjD2VUS9IbLn8moHtTdQevZlLCw"
    "dySTST2rEoNpBB8BNRiX3KVWYf6WRsPc+l6hAzjWckwWAIo4mFTeFm9U3yRCxv3JT/8QWx"
    "0rWDhu6xvHzwKVpEoXrvT6gntKGeIFEgpRKEgcDmUrC9piDdQKJ76iU2VoXXn9/BBHf/aA"
    "V4+0nPJURXXUpEh3QuDxtBvmRAfC9HcyLDmFQngC5yHy9+uy8OywPv8er25kd/ejJWjwNP"
    "TMdQyKdU1k3LOrHzt3imcFNq2F7dbP3bfUHoZJqx1XOTr6FApWxrpV3ebwrcNedaoWSz4Z"
    "INpPIqHd+7EP0nKvvKy8+0CflefFxqnd58e1W7xGtPpVRSGKcBfscseeSbMshzYL6Uj4LN"
    "cWZbSqr7bTeBTeUG5LCFF0FYmdhZEgE3lego4PTu/PTtRe9rfrKqyUSDm5XJSDEE6Zr85I"
    "IIpizNKlwKjrgM7In8P7acNkGO2INqGaQWYgtzD43IGNucyFjfYsLJJaEFFVPEZLRv4Dma"
    "Yo7EQsb8Qk5xDttUXqGxu0BmYUczC+3vVIS8wo6Gu00HWuTLnMqNXsFVjUtCnarNnqpFnq"
    "QVrRKQxCVBy23Wsjoq8vvWzuiksHWtox1r3w0GBwfHg9cHRyeHw+Pjw5PXQTolfakor3J2"
    "+aOK9GPaTYf+f9vS4dPInI2nJbJXCanNpbBeNwv+2lJYLkCqY7vcxo7LdQbXDW9qaEGGFu"
    "TugQ0tyO1ofPXRJKY+Z85DVFBFTBi0UV8bdF5JD54YaKC6BrxzW4JrZyU+itydlCh4PNU8"
    "HgNLFG1eKWROykLQ3OagGWq1L0LNUKuFWm13arWROqpbiMxwE8o2zd85K3UI8kZb56OQ5d"
    "W1Q0SXVLc1Hs5cWuS+nxKk04l081TRGXul6H30OSzIfEZUlajlBNOhy2GG7hDoOPMzK9Lp"
    "Kndzt1mlzO0W/aG83YrytrsNypRgQ4n1FGFbxBGzfu4SKMG+BAcU4owXoWbXnpczT1EZiD"
    "GKY4ygG7BmhNG190ST8UV0T7WpE/Qjl+PXbhEw65XTyOVCv9lWEyPVxNX8ZpWaQ8MTNGW2"
    "lcE2mT0lw1/91BvZ40fXY49HcrHPcoTFzfEB1Q9+ocJ1brN6Oz1p7w5y1qfYqv54Kd+4KG"
    "mcefBkZIq9bdZeP22DmeJ8ZzncGGVsfGQ7gX1vs32HPOLaAk5wmhoDFDhHNxC3ByZ9VYQD"
    "gQ7C20jnf+ArlQA5KgM4r4Zztabh2v1l0GfQI5bFrJK4hzKAejXUxwYlptCqgJ8SBR1U00"
    "HAGVVFCxnCoIdqeqDmmM3mTnaolAricoB+xU+B+SgjTVNz01nV7HD+GqCValqRodBsLrRc"
    "PsICZaREQQcVbbR7uijqpCp6yBQHXVTUBR5PiV5ND0lR0EHVd7AwZ6Z8rkpqyJIGTVQ9mb"
    "jQTGyy0kdSVK5Db2RtGP/RsyBcoxlV4CL0o1Kw8+sgz+ySb6XExAD7atgL8TDSXpcDPpQB"
    "1Gug3q+Aeh9Qr4n6oALqA0C9JuoHFVA/ANRroj6sgPoQUK+J+mEF1A8B9ZqoH1VA/QhQr4"
    "n6cQXUjwH1mqifVED9BFCvifp3FVD/DlCvGyVVCU77EJ3Wxr1SeArxaW3cqwSofYhQa+Ne"
    "JUTtQ4xaG/cqQWofotQauKu35qcE62XzvnE5QL8m+iUNbFwO0K+JfkkzG5cD9GuiX9LYxu"
    "UA/ZrolzS5cTlAvyb6JfPDcTlAvyb6JfPEcTlAvyb6JfPFcTlAvyb6JfPGcTlAvyb6JfPH"
    "cTlAv260VTXYhVzyevCvHO5CvLsW/KsGvJBbXg/+VUNeyDGvB/+qQS/kmsvin+JZ2yIn2E"
    "/Mtnp5jGDOxb3lfGBTf95SNrALuWvkTpF6SNOAJa4B/xfwfwH/Vw3FAP8X8H8B/xfwf20Y"
    "SuD/2nVeKuD/Av6v7kVdwP+1bdSB/2v7OgD+r3boAfi/gP8LtAL8X23TAfB/tUgXwP+1dR"
    "0A/1dbNAH8X9vFH/i/tos88H9tA3vg/9oa6sD/BfxfLwV14P8C/q+XgjrwfwH/10tBHfi/"
    "gP/rpaAO/F/A//WCcAf+L+D/ekm4A/8X8H+9DNyB/6sV6AP/1zbRB/6vbaIP/F/bRB/4v7"
    "aJPvB/bRN94P/aJvrA/7VN9IH/a5voA//XNtEH/i/g/3rR+AP/13bxB/6v7eIP/F+bwr8l"
    "/F8f3FcWr9ikl0EAFrm6V8QA5r34qBnexKUUYKfIIPqEWIiYwnreQ5gjjCy22EeXgiOqI8"
    "qRmBLkLfwfZwybctxEzNKlIHtADjdTL6HXNS79h/mH6fCRoQdqCO+ClDQoF2iq1jWRs0nl"
    "KBbyfjpXi6gpVN9DnLnjGM0l9sgkC3m7bx+oJaUp/8O05AcnuOl/1UNiU87z7q4eMzJE5d"
    "qvPst/950FNKprWHz+Jo8kbQm/mfw3xW3mjwVMKf4AF1jYPDrCbDFmLh2WGirFhpbPKrR+"
    "PqHllGi97x9sc6x2JXLupP4Z/tBr6HSpQzCUz3qGSzOeYWA7A7az7qgW2M6A7WyrUDbNdg"
    "ZcXJvh4ppJ/4llnA0FtHKBRAcx7h+tAHE/aSNDhNUloO3b7BYOnfU4xHczbBi5cXwotbkQ"
    "vkmc3Sj+YHB8FMTt6peiSP3u+vTqKiM1EoY6q+7ZiEgXd+0q1m2Qb90GKevmcCeVATgQ6C"
    "C8Jyuge5IL7kkS262zKQFrxpsW8SmBNt60gFEJtPCmNZxKoIs3wKq0bfx3iVWpo+DvCrFS"
    "5+B3XlXKiliXvt9UI2CFU0cVfGyJkHIqy6KfEITNX7/xoqwKEoKggl3svTi1dSounogpeh"
    "m9F5Gre0W9F1jN00gwcWnvxa2pWhhM4rczKBUY6T6K/Gmr9BvIJ2BONsbvGcBOlT06IrAl"
    "F4h0H3Sjj8BJWfN91aphkoX886CdANoJtt9OEHwgV82yBgIdzLI2UnoJT7gSEHsSHcR4/W"
    "Vwz2A4IJVAOSHWQagPBitAfTDIhVpdyoQ6y/AuBTrT/q4Gc9visuYPjfFUdXhmeP8/393e"
    "5GTdQpGkzaVjgf51+lOb2tMRR2dkU0NQk++r227DyVEQxcyvj/Sr69Pfkko4v7o9S9pVtc"
    "BZ8jt55mW2vDu7e3t9/Ye33yJe7kiJSwHOy3GGhoVGupjakjLQZ9T8yEnm17WHF/cKEwZq"
    "mmb785bmC+7k3hgx/RktpgzN8DPidKJefEinDApnLs8aQPzfhvhfbQzn5xInSFRmPUfIdr"
    "/NPn6AHK7i98lZ+UfIYcrvm2POF0weB1PMp2WgTgl28MgeHB6u4mkfHuZ72upawgFhRqk9"
    "7c/fHL7uydzUadF0by/lmspnPGV9lyWTWGIz57iOyiXAHknBptD2D5TNHsxnt7dXsZjl7D"
    "JRorj5eH12IbF3oPfM95vMrg2LKEi08gnbuCQkbluduDWw+2Kt9NnKazolvAZltyyg6pKu"
    "A+Pu5niqfLZzloAPeesUXyKkjIR6hHOJU1a7gCf57v0HYuC8wkIkUrxzl9pdzYej3qn0tf"
    "HQ28csL/qOYLosAOeRqSvwJahQmujfUhONLLaQ8dY+up8SNGbskZL/cMSJtOqKWABxwSyi"
    "K94DKjjS6YRwgZhpPGdxJaxr2VV6ApyUA1T5WxHlu/orEw+FEp2L8NefhQXfvLNmO+Wbc0"
    "Iqu+YRWVB1q1VNvsypXK6CouOSm1HzJs/SLmkZqr/N2EPl+mnSry7HYRGX2mAidjM52OFK"
    "DSXDgoaSYbqhxMGsnCsdEQF+m6xabxzdNLTvZGQk46j35NkB+FI+BzbHmdWDjErtbuKaCr"
    "7lsIUXQVwX3VUSABktETeRfX56d3769qL3dTsV9GvnwkyeKffqzdFeRiSfnLJXFMzPgsnu"
    "q6irxfMfyJOcrMv4mXCELYIeyVzsOTSEj4TMVcM9tZB6rjfIafBXDIYyBp8T/OjQAYp0ML"
    "+mNaFO356TaK8ggi9bo+9ufX4lM9ovMKP9tBmF/Eij/uC0JJuZP7+DzQ7rr8TzMSvXIR8I"
    "ALwrwAu5vSqWbudSAU5+TjqxVRSdlIWqe5s1bbmOcwU9xyVBy23Tcku6tn9mtmVi4xfGqc"
    "ipHien7BXFnH+5k7V5dPbSmPOaPRHdJ6jn8vbqlW6Tuy8hqrqucAq/timIxX3q+hEW4ymS"
    "MMsRlo4517RmjZjTx6LceyVxKXDYcxz2/OgzuvUSfShFnIIRKeCsyGoPXYk2xJ7rFT3QuC"
    "R4oGCxsi3Wj67Wc4xV5GqhnZrE563ETBJ8U4vBxo9ohh8JlwZkNlNNR+wBzWzhLMjRAlOB"
    "HpiFCJbWhCm7EX7nijI7pj0bSauTslmN3OUPc0TUS3ToiXIq//zgi12ayKkWkzln2rSKx+"
    "t2bVpdGud88/WEDTvrRYUC2xWIwLdc7RzT0rnTC511lHlXVjzGvKbq1U6zX9URMXMcZHVQ"
    "hKtIrxd9pvrntDu9msiaT5OiTd+1s2Qjjlr+sfMo//gyYYo/H/KyK+RlCzhLCr7cp4Cz5G"
    "V2P8QojYALDAKL9b5FQSw6nmZZYu9KoSXG4Zxl5jdfsWs2n7Vtp2cG2246B/3h8fDk4GgY"
    "WMxgpMhQruCLy/CpJHFaRKSDprGR19/Vh6oEwt70DqLbSLuIvKPIbG4toPEKRTZP47UdQ7"
    "k2wq6tGrOv/wfSiPQj"
)
