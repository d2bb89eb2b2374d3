"""Revocations that wait for the lock of their row, and a row for each worker to write."""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "revocation" (
    "subject_id" CHAR(36) NOT NULL PRIMARY KEY,
    "kind" VARCHAR(16) NOT NULL,
    "at" TIMESTAMP NOT NULL
);
CREATE TABLE "heartbeat" (
    "worker" VARCHAR(64) NOT NULL PRIMARY KEY,
    "at" TIMESTAMP NOT NULL
);
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TABLE "heartbeat";
DROP TABLE "revocation";
"""


MODELS_STATE = (
    "eJztXWtv4zYW/SuEv3QWSIOJ4zw6u1ggmcm0aSdJkWR2i+0sFNpibK1l0hWpeIx2/vuSlG"
    "TrbT38kJULFNOE5KWUcyneF3X0Z4f/YVuCHP7qsP+Rgei8Q392KJ4Q+UO86wB18HS67FAN"
    "AvdtPXYaGtTnwsF6rmdscyKbTMIHjjUVFqNq8AdiE2HRIWKUoDEhU47EiCCHzQ4QZ/JnLN"
    "DI4oI5c8QFnnPkEGyqSx0gTE1EHMwJR5bgUnrOD9VVTTaQl5WTbuoCLrX+cIkh2JDIuRx5"
    "md//K5stapKvhAe/TsfGs0VsMwKkZaoJdLsh5lPd9vnz9YePeqS6+b4xYLY7ocvR07kYMb"
    "oY7rqWeahkVN+QUHmHgpghiKlr274ygibvjmWDcFyyuFVz2WCSZ+zaSlGdfzy7dKD0gybM"
    "JDY/tEx+SMnMsMx/+ncYGm0Yt3ePxsPVo2F0EupVdxJTiN80YFQtDYsKhdef37x5l7jo1o"
    "66wPufLu7fHJ/+TSPBuBg6ulOj1vmmBbHAnqjGfgm2/n8C7vcj7KTDHYyPAS5vtArUQcMS"
    "6+UzEMAXALQBSDsT/NWwCR2Kkfy1+/ZtDsb/urjXMMtRGmcmH1rvYb71u7pen8J7ia9tvR"
    "CjLMgRoUpI+0u2xJreb5jlhvpimcQpg3JYpoXL+bRXAObTXibKqisKcl9u84br2GVADsus"
    "ZSU3CuPu2955ocXcO89ZzaozirTFDekSyF0gCfUlYzbBNMMYhuVicPel4KYWdbCbbNfsXd"
    "7dfVIzT7h0sXTD9WMM5c83l1f3b440+L4fJpuvbx9jgDtE/rFccGNKHGNiUVekQH9NRTrs"
    "GdIxBci/aA/X+1DdxPfdo95Z7/z4tHcuh+j7XLSc5WgoCbR6fKbYwbZNbCPArQTUmfIAdh"
    "JsiRKbEdPwnNQkyj8/3N2mw5yUjOFrWgOB/kK2DAv2D+ccEBUkkT0l2Kjf3Fz8Ft/D33+6"
    "u4z73GqCyww9MMcaWrSSIkKioInqmnDphAjikJQQM9uHiQhtz1P0dL+pcDLqyBTxYrJdmI"
    "T/MnCIAsPAIonzB9kjrAlJxzoqGV/qvuhh8MMeOuk5QD9e31w9PF7c/BpZ9h8uHq9UT1e3"
    "zmOtb05jWllMgv59/fgTUr+i/9zdXsWfjsW4x/901D1hVzCDspmBzTAmQXPQFH2apmZFNU"
    "clQc2NVrOp8oOV1ByVXIOa98d87YWWVQ72eRxKDKqGPh6MZ9gxjUjPcjmoHG9KXOpLffzl"
    "nthYA5liLb0c+eepBJHgyS9kvr+P9rLVX5eRZ0awMUnz9MrA9KjmaBNAanWxLstab8muSX"
    "cSb8EUD/WfpK6trpSyplLKMrEll12acf2BxtgfubI+I6dEE6kdx8I2sgl+Iap+YnFVQEEm"
    "GTjzqVQdYtSeIwkGQxgNHUyFVzyh5IU4fjuV//EZcZIlmg1dY3WV5vdwrcoyO/+Fsk0Tyj"
    "YSBVIqD7sQ2GL8sp3QZSP1hJGfPyoKbzC+hXWEo9MC8B7FPZcluqorFh1aU7nZCPI1BeJH"
    "2ZoRGUakWgF0nvt49dtjfvZj4T1+urv9MRgeT4lEgSdUGwp5l8q6GWk7dvYSTxXelBp2V5"
    "5c/3KfEWs4SlnqmTnupUClpHalVX60KXDXnNKGytiWK2N95lI5PSuzVYRl2lf0PS7kcBzn"
    "OBzHSYcDMqaVrOQ+JFli51RUMJVqerODpajUOoOm5qp2RXCUyFwlME4C/JE50rJSGUtrmK"
    "/lrWA6SD1klTjLuZ/AJlIwstnBs0X0HltZEgEvY6sVcPHw/uLDVedbdk5wk/kcL/mVkslZ"
    "ZMWyczhiMWRl8uZacMSJ3EPl/7GjD71yxJ7VAVjLQWxGD1CfDLDLCcKyU+iUHZpZYoTYC3"
    "FsPEUjzJGYMYSFHKI320T6ZmNXgQTOniZwmn/uFtI3e5pV2HQ8S75OLbnQK7iqUUkoBzbZ"
    "U3XIi7SiVQKSqCRouclaVltF9inMS2uYexCzpecvf+h2j4/Pum+PT89PemdnJ+dvF1mrZF"
    "de+ury+keVUIloN5lh+cOVDp9BpmwwKpEkjEltL1P4drPgry1T6AGk3j8ot7Cjcq3BdcuL"
    "Gg7Uw4H69oENB+qbcYw7QJNQc8r0TVRQRUQYtFFfG9a0kh58MdBAdQ34+7YE101LfOS5Ow"
    "lR8HiqeTw2lii6vFLIHJeFoLnJQTPUal+FmqFWC7Xa9tRqQ3VUrxCZ4iaUfTfhQc/UIsg3"
    "+oZCGLKsuvYS0RXVbYMvR64scj+OCDKtoXTzVNEZ+6XoQ/S0LMg8IUuVqOUAqsmfmG1qOi"
    "g9PrUinaxyb+4yRcrcXtEfytuNKG97y6BMCXYpsZ4ibIMYj9bPxAMl2NfggEKc8SrU7Nnz"
    "cuYpLAMxRn6MsTgNWDPCaNvruPH4IrymmnQS9DOX7TdeETDtzd5Qd67f7KqBoWpiMb9Zpe"
    "ZQ7xyNmOukcKemD0nxV3/v9N3B2PPYo5Fc5FkOcRJqH1D9EBQqPOc27WynL+1fQY76PTJr"
    "0F7KN85LGqduPCmZYn+ZNddP22KmONtZXi6MMjY+tJzAvjfZvkMecW0BJzhNGwMUGHS3EL"
    "cvTHpRhBcCLYR3Iyf/F75SCZDDMoBzMZyrHRqufb4Mzhl0iOMwpyTuSxlAvRrqA9siVBhV"
    "wE+Igg6q6WBBzVVFCynCoIdqerDogE2mOjtUSgVROUC/4lNAxzLSpIaXzqpmh7PnAK1U04"
    "oMhSZTYWTSPuYoIyEKOqhoo73dRTFUVdFDqjjooqIu8GBEzGp6iIuCDqq+g4U5o/K+Kqkh"
    "TRo0UXVn4sKgmLLSW1JYrkVvZG0Z//5cEG5YKVXgPPTDUrDy6yDP3JJvpUTEAPtq2Avx3D"
    "felgN+KQOo10D9qALqR4B6TdS7FVDvAuo1UT+ugPoxoF4T9V4F1HuAek3UTyqgfgKo10T9"
    "tALqp4B6TdTPKqB+BqjXRP28AurngHpN1H+ogPoPgHrdKKlKcHoE0Wlt3CuFpxCf1sa9So"
    "B6BBFqbdyrhKhHEKPWxr1KkHoEUWoN3NVb8yOCzbJ536gcoF8T/ZIGNioH6NdEv6SZjcoB"
    "+jXRL2lso3KAfk30S5rcqBygXxP9kvnhqBygXxP9knniqBygXxP9kvniqBygXxP9knnjqB"
    "ygXxP9kvnjqBygXzfaqhrsQi55PfhXDnch3l0L/lUDXsgtrwf/qiEv5JjXg3/VoBdyzWXx"
    "T/Cs7ZAT7CfmOp0sRjDdebCaD2wUjFvJBnYlV41cKVIPSRqwWB/wfwH/F/B/1VAM8H8B/x"
    "fwfwH/15ahBP6vfeelAv4v4P9qX9QF/F+7Rh34v3avA+D/aoYegP8L+L9AK8D/1TQdAP9X"
    "g3QB/F871wHwfzVFE8D/tVv8gf9rt8gD/9cusAf+r52hDvxfwP/1WlAH/i/g/3otqAP/F/"
    "B/vRbUgf8L+L9eC+rA/wX8X68Id+D/Av6v14Q78H8B/9frwB34vxqBPvB/7RJ94P/aJfrA"
    "/7VL9IH/a5foA//XLtEH/q9dog/8X7tEH/i/dok+8H/tEn3g/wL+r1eNP/B/7RZ/4P/aLf"
    "7A/7Ut/BvC/3XvvbL4iQ07KQRgod6DPAYw/8VHw/YHrqQAu0A2MYfEQYQKZ36AMEcYOWx2"
    "iK4FR5aJLI7EiCB/4u90G6aynSLmmFKQPSPNzdSJ6XWNU3+hX6jmI0PPli38DilpW1ygkZ"
    "qXIr1IZSsW8nomV5OoIZZ5gDjz2jGaSuwRJTN5ue+fLUdKW/wLdeSDs7jo39VNYirH+VdX"
    "txlqsuTcb57kv4d6AsMyDSye/pZFkraC30z+m+A2C9oWTClBAxdYuDzcwlwxYB4dlmoqxY"
    "aWzSq0fj6h1ZRonX88u3SgViXSV1L/9P7Z2dDuUodgKJv1DJdmPMPAdgZsZ+1RLbCdAdvZ"
    "TqHcNNsZcHFth4trIv0nlrI35NDKLSRaiPHRaQGIj+I2comw6gLavu0u4aWzHoX4YYJtOz"
    "OOX0ptL4TfJM5eFH/cPTtdxO3ql7xI/eHm4tOnlNTIMtQpumZDIm1ctUWsWzfbunUT1k1z"
    "J5UBeCHQQnjPC6B7ngnueRzbnbMpAWvGuwbxKYE23jWAUQm08K4xnEqgi3fAqrRr/PeJVa"
    "ml4O8LsVLr4NevKqVFrCvfb6oRsMKuowo+rkRIOZVl0Y8JwuKvf/CirApigqCCfTx7ceGa"
    "lrh6IVR0Us5ehHoP8s5eYDXOIIuBK89e3FF1hIGS4DiDUoGdPEeRPazIeQN5B0xnY4IzA1"
    "hX2cMtAjtygtDpg3acI9Apa36ojmpQMpN/HhwngOMEuz9OsHggi2ZZFwItzLJupPSy3OFK"
    "QOxLtBDj9ZfBfYOhQSqBckyshVAfdwtAfdzNhFp1pUKdZnhXAp1qf4vB3LS4bPObxmCkTn"
    "imeP8/P9zdZmTdliJxm2sNBPpLn0/d1JoOOTp917KFRfmhuuwunBwFUcT8Bki/ubn4La6E"
    "95/uLuN2VU1wGf8mz7TMkvdGt2+tr3/zDo6Il9tSolKA82qc4cDCRk4xNSVlYE4s+pmT1M"
    "+1LzsPchMGapjhBuNW5gse5NroM3OOZiOGJniOuDVULz4kUwa5I1dnDSD+b0L8rxaG/rnE"
    "DhKWWc8Wstuv2Uc3kJMifp8clb2FnCT8vinmfMbkdjDCfFQG6oRgC7fs7slJEU/75CTb01"
    "Z9MQeE2aXWdDB+e/h6O/OmdotNn+21uKHyGS9p37JkEktMM7brsFwM7L4U3BTawYay3Y35"
    "8u7uUyRmubyOlShuP99cXknsNfS++X6XemrDIQoSo3zCNioJidtGJ25t7L1YK3228ppOCK"
    "9B2Q0LqNqk64Vx93I8VZ7tjCngIW+c4kuElKFQj3AucUo7LuBLfvzlntg4q7AQihQfvKn2"
    "V/PLVn9X+rbx0DvALCv6DmG6KgDnoaEF+BJUKE3M7y2K+g6byXjrED2OCBowNrbIdxxxIq"
    "26IhZAXDCHmIr3wBIcmdaQcIEYtedpXAnrmrbImQCdcoAqfyOifE9/ZeKhpUTrIvz1Z2HB"
    "N2+t2U745pyQyq55SBZU3WhVk69TS05XQdFRye2oeZt7aZu0DNXfzdhD5foZ0q8ux2ERld"
    "piInY7OdheoQMlvZwDJb3kgRKNWTlXOiQC/DZptd4oukloP8rISMZRv5C5Bvha3gemg9Tq"
    "QUqldj9xTQTfstnBs0VcF15VEgAZLREvkf3+4uH9xYerzrfdVNBvdMdE7imP6s3RTkokHx"
    "9ykBfMTxaDvVdRi8Xz9+RFDjZl/Ew4wg5BYzIVB5qGcEzIVB24txyk7usd0gf8FYOhjMGn"
    "BI81HaBIBvNrmhPq9M3ZiQ5yIviyNfr21ucLmdGjHDN6lDSjkB/ZqD84KslmFoxv4WGH9V"
    "fi+YCVOyG/EAB4C8ALub0qlm7vUgE6Pyed2CqKjstC1b3JmnY8x7mCnqOSoOWmabkhp7Z/"
    "Zq5Dsf0r45bIqB7HhxzkxZz/8wYb0/DolTHnDXshZkBQz+Xl1SvdlHsvIaq6rtCFX5cK4v"
    "CAur6PxWCEJMyyhSVjzjXMqVj271UgqkJWSl6IgxwyUfMqCn05o/TOkWZbQc/MQQRLWS6w"
    "I1TMitGMOWPiyIhWkfQTfepcvcyAlOaQzejwC8XPirxfxrszeUOmWt3EY/z3khLyOjNLyB"
    "uSwoOReuNd36cazJ6fZQCNOMVTPmLyio6+/cHYncq+L/RJruwL48P1/ZMXZ6t5mCt0hVwG"
    "1/qazLVN1A9QkBceyhtAzw6b6GF9MrSoYrI6RLcMqQ8FTPCY8C9U34Q1kTrmltS7dwHKhL"
    "zDIZKRKwlg1383x3OOZkpENfUZG0tAbfWJgTkaMdusG9oHS67c6ztRKYiLMuKi7CA//ITH"
    "jvvkUTeGpIAaJO0UbiF2FndqVnT0o5Lg6INjkO4Y/OhpPcMnCPXmugPD6LhCBDCLD+LYTN"
    "pJbXKU3ZwokyTt6sQVekJpU7A0YgvDy5TdWH7aRtka6k760rgnXIONXOUL7RNt3l8sbRUX"
    "38/ZROo6nzM71aZV3F53a9PqsmVnm68XbLtp74Pk2K6FCHxMbO8Ird7rI+dpW5nfU3Ab88"
    "+uF9vN/q22CB0v6I1iOYsMLtCTZT4lo5ZiImveTfIWfdv2kq04atnbzlj+8WXClGA8pL8L"
    "pL9zqGFyvqGUQw3zOg+ZRJijgHINAos1f9bzhQ0yA4tQb65FdqLjCgUWfu5MefjKn9ffy1"
    "TOvz5gwr2I4AmLJ/VKyWxEqMqRDVTiUK4ApkQGKd/0XOfENcw6d/sVPskXlYLvW5Y96ALW"
    "fIPWHEwPmJ71mp6fCHZEn+BUUuNlZ67hGUWGFXg70qsCfccPUH+uzYG6btr7jtkDa9gFb9"
    "Iye9RSAooipYsisGfBnrXePeuCONZglLZh+T25uxVejlm1VWUrds3ZptqpJn8Dae6m42Wa"
    "uke9s9758WlvkWBatOTllQqkrokTvJ5fdFMPibTQ99wIKZd6qEog7A9vIbobOcQuryhSX7"
    "nLIRdeimyfXHg3hnJtNMI7NWbf/g9g5e+c"
)
