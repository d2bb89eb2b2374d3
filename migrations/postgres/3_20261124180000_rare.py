"""Lists that stay quick for two filters that are each common and rarely meet: what did not end
well, by model and by status.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE INDEX request_log_model_incomplete ON request_log (model, id)
    WHERE outcome <> 'complete';
CREATE INDEX request_log_failed_incomplete ON request_log (id)
    WHERE status >= 400 AND outcome <> 'complete';
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX request_log_failed_incomplete;
DROP INDEX request_log_model_incomplete;
"""


MODELS_STATE = (
    "eJztXftv27YW/lcI/3I7IAtqx3msdxiQpOmWNY+hSe+GdYNKW4zNRRY9kYobbP3fL6n323"
    "r4ISsHGLqE4qGU79A8T33+pzdnXEwswvd/sdhfZCx6b9A/PRPPiPwhfXEP9fB8Hr2khgQe"
    "Ge78yLQRFxZ21nvABidySCd8bNG5oMxUk98SgwhqThAzCXokZM6RmBJkscUe4kz+jAWaUi"
    "6Y9Yy4wM8cWQTr6lZ7CJs6IhbmhCMquJR+5vvqrjoby9vKRdd1A9ukf9tEE2xC5FqWvM2n"
    "P+UwNXXyRYLh/Tp/1B4oMfQYmFRXCzjjmnieO2MfP16+fefMVA8/0sbMsGdmOHv+LKbMDK"
    "bbNtX3lYy6NiGmfEJB9AjEpm0YnjL8IfeJ5YCwbBI8qh4O6OQB24ZSVO/7B9scK/2gGdOJ"
    "wfepzvdNstCo/oP3hJHZmnZze6/dXdxrWi+lXvUkCYV4Q2Nmqq1BTaHw+ueru26IizPaUz"
    "c4/+n0w6uDo28cJPz95qHW++oIYoFdUQf7EGzn/ym4z6fYyobbn58AXD5oHaj9gRDr8DPg"
    "w+cDtAZIezP8RTOIORFT+evg9esCjP93+sGBWc5ycGbyQ+t+mG+8SwP3msI7xNegT0SrCn"
    "JMqBbS3patsKd3G2Z5oD5RnVhVUI7KdHA7Hw1LwHw0zEVZXYqDPJLHvGZbRhWQozIr2cmt"
    "wnjwenhSajMPTwp2s7oYR5pyTboE8hRIQ33GmEGwmWMMo3IJuEdScF2b2j9NNmv2zm5vr9"
    "TKM87/NpyBy/sEyh+vzy4+vOo74MtJVDjDlzf3CcAtIv9YLrg2J5Y2o6YtMqC/NEU27DnS"
    "CQXIv2gH9/tEPcS3g/7weHhycDQ8kVOc5wxGjgs0lAZafXzm2MKGQQzNx60C1LnyAHYabI"
    "kSWxBdc53UNMo/393eZMOclkzgq9OxQP8iQ4YFu4dzAYgKktiZ4h/Ur65Pf0ue4edXt2dJ"
    "n1stcJajB2bRCTVrKSIiCpqor4mxjFwlNhoWaSW8lVcEnZFsRcQlkzrwRPf9H3bQeyxQxf"
    "3l9cXd/en1LzF9vD29v1BXBs7oc2L01VFCR8Ei6NfL+5+Q+hX9fntzkVRbMO/+9556JmwL"
    "pplsoWE9iok/7A/F1GzP9ZpqjkuCmlutZl0lrmqpOS65AjXvzrm6E1pWycGHx0jGSg2M8P"
    "hxgS1di10Jt4NKPmYETJ7Uu/cfiIEdINMqDxK4H+cSRoJn78nz7n64w1FvZ8Y+NYI9kiwn"
    "pBpQ92qVLkGkdhgbsLw9l740G8ySI9jEE+dPUvf+upezrzIrB4mNV1Q9sL2p2qM3d2kJQS"
    "6KZlJHFsUGMgh+IirFT7nK8SOdjK3nuVQgYqbxjCQkDGE0sbAp3Py+SZ6I5Y2b8j++IFa6"
    "irCmeywvJHyKllOo3vsTKgttqCxIFEilVGEgsLlkbG9dkG4g5T31Uhxl4fXndzDV3T8qAW"
    "8/6cOE6KpLiTiRzuVhI8iXDIjv5WhOjBiT6gTQRY7kxW/3xQF64Ede3d786E9PRu1x4Inp"
    "GAr5lMq6aVkndv4WzxRelxq2V0Fb/XZfEDqZZmz13DRsKFAr71prl/fXBe6Ks65QvNlw8Q"
    "aSerWO713IAyRq/MrLz7QJ+V58XGqV3nx7VbvEa08lV1IYpwF+xyx55JsyyHNgvpSPgs1x"
    "1lGV1Qu3m9CmcgRy2MKLILBM7C2JgZtWdFRwend++vai9zU/cbXehIObn8lMNQSpm6Ikgw"
    "gmLc0uXAqOuAzwifw/tpzGQY7Yg2oipBZiC3MPjcgY25zImN9iwsktoQUVU8Rk1G/gOZpi"
    "jsRCxv5CTnEO3VR+YW13gQzDjmYY2t+7CPmFHQ171x1wkS9zKjd6DZc1LgmVqzZ7rBZ5kl"
    "a0TmASlwQtt1nL6qjI72Q7o5PCZraO9rB9NxgcHBwPXh8cnRwOj48PT14HaZX0paL8ytnl"
    "jyrij2k3nQL425YOn0bmbDytkMVKSG0ulfV6veCvLJXlAqR6uKtt7LhcZ3Dd8KaGpmRoSu"
    "4e2NCU3I5WWB9NYupz5jxEDVXEhEEbzbVB57X04ImBBuprwDu3Jbh2VuKjyN1JiYLHU8/j"
    "MbBE0ea1QuakLATNbQ6aoWb7ItQMNVuo2XapZhui7pUiMxyF6m30d85aHQJ9zc30UdDyK9"
    "whqkvr3BoP5y4td99PCdLpRDp8qvyMvaL0PvoclmY+I6qK1XKC6VDpMEN3yHWc+Zm16XS9"
    "e323KVPwdsv/UOhuRaHb3QZVirGhxGrKsS3ij1k9rwkUY1+CKwoRx4tQs2vPq5mnqAxEG8"
    "XRRtAX2DjW6NobpMlII7qr2tUb+pHLK9duSTD7ZdTIhCX+s62mRuqL5fxnlaxDwxM0ZbaV"
    "wUiZPSXDb/3UG9njR9dzj0d2sc90hOnN8QXVD37pwnVys7o9PWnvDnLWp9iq/nglH7kojZ"
    "x5AGXkjr3N1l5/bYO543ynOdwYVWx9ZDuBnW+znYfM4soCT3Ce1gYo8JJuIH4PTHpZhAOB"
    "DsK7lncBAl+pAshRGcC5HM712ogbd5xB50GPWBazKuIeygDq9VAfG5SYQqsDfkoUdFBPBw"
    "GbVB0tZAiDHurpgZpjNps7OaJKKojLAfo1PwXmo4w0Tc1NZ9Wzw/lrgFbqaUWGQrO50HIZ"
    "CwuUkRIFHdS00e7pokiV6ughUxx0UVMXeDwlej09JEVBB3XfysKcmfK5aqkhSxo0Ufdk4k"
    "IzsckqH0lRuQ69o7Vh/EfPgnCNZlSDi9CPSsHOb4I8syu+pxITA+zrYS/Ew0h7XQ34UAZQ"
    "b4B6vwbqfUC9IeqDGqgPAPWGqB/UQP0AUG+I+rAG6kNAvSHqhzVQPwTUG6J+VAP1I0C9Ie"
    "rHNVA/BtQbon5SA/UTQL0h6t/VQP07QL1plFQnOO1DdNoY91rhKcSnjXGvE6D2IUJtjHud"
    "ELUPMWpj3OsEqX2IUhvgrt6enxKsV837xuUA/YboVzSwcTlAvyH6Fc1sXA7Qb4h+RWMblw"
    "P0G6Jf0eTG5QD9huhXzA/H5QD9huhXzBPH5QD9huhXzBfH5QD9huhXzBvH5QD9huhXzB/H"
    "5QD9ptFW3WAXcsmrwb92uAvx7krwrxvwQm55NfjXDXkhx7wa/OsGvZBrrop/im9tq8xgPz"
    "Hb6uXzgjmX98qwgk39mUs5wS7k3pH7RWojTQaWuAYsYMACBixgDRQDLGDAAgYsYMACtmEo"
    "gQVs19mpgAUMWMC6F3sBC9i2UQcWsO3rAFjA2qEHYAEDFjDQCrCAtU0HwALWIl0AC9jWdQ"
    "AsYG3RBLCAbRd/YAHbLvLAArYN7IEFbGuoAwsYsIC9FNSBBQxYwF4K6sACBixgLwV1YAED"
    "FrCXgjqwgAEL2AvCHVjAgAXsJeEOLGDAAvYycAcWsFagDyxg20QfWMC2iT6wgG0TfWAB2y"
    "b6wAK2TfSBBWyb6AML2DbRBxawbaIPLGDbRB9YwIAF7EXjDyxg28UfWMC2iz+wgG0K/9aw"
    "gH1wX1q8YpNeJg1Y5PpeMQ+Y9/qjZnhTlxKBnSKD6BNiIWIK63kPYY4wsthiH10KjqiOKE"
    "diSpC38H+cMWzKcRMxS5eC7AE5DE29hHZXuPQf5h+mw0qGHqghvAtS0qBcoKla10TOVpWj"
    "WMj76VwtoqZQfQ9x5o5jNJcaQCZZyNt9+0AtKU35H6YlPz7BTf+rHhKbcp53d/WYkSEq13"
    "71Wf677yygUV3D4vM3eVRpS1jO5L8phjN/LOBL8Qe4wMLm0RFmizFzSbHUUCVOtHxuodWz"
    "Ci0nRut9/2CbY7UrkXMn9c/wh96azpgmNEP53Ge4Mu8ZBs4z4DzrjmqB8ww4z7YK5bo5z4"
    "CRazOMXDPpP7GMs6GAXC6Q6CDG/aMSEPeTNjJEWF0C8r7NbuHQWY9DfDfDhpEbzYdSmwvk"
    "14mzG8sfDI6Pguhd/VIUr99dn15dZSRIwlCn7J6NiHRx15axboN86zZIWTeHQakKwIFAB+"
    "E9KYHuSS64J0lst86pBNwZb1rEqgTaeNMCXiXQwpvWMCuBLt4At9K28d8lbqWOgr8r9Eqd"
    "g995YSkrYl36llODgBVOHVXwsSVCyqmsin5CEDZ/8/aLqipICIIKdrMD49TWqbh4IqboZX"
    "ZgRK7vFXdgYDVTI8HUpR0Yt6ZqZDCJ39SgFGGkuynyp5XpOpBPwJycjN85gJ1ae3REYEsu"
    "EOlB6EY3gZO45vuqYcMkC/nnQVMBNBVsv6kg+ECWzbUGAh3Mta6lABOecBUg9iQ6iPHqi+"
    "GewXBAqoByQqyDUB8MSkB9MMiFWl3KhDrL8C4FOtP+loO5bdHZ+g+N8VT1eWbEAD/f3d7k"
    "5N5CkaTNpWOB/nW6VNe1pyOOzsimhqAm31e33YaToyCKmV8f6VfXp78llXB+dXuWtKtqgb"
    "Pk9/PMq2x5d3b39vrqD2+/UbzakRKXApyX4wxtC2vpZWpP4kCfUfMjJzlf4B5e3luSNlAT"
    "NdufuTRrcCd3yIjpz2gxZWiGnxGnE/USRDpxUDhzee4AsgBtyAKojeH8XOEcicqs5iDZ7v"
    "fbx4+RwzLen5yVf5Acpry/OeZ8weShMMV8WgXqlGAHD+7B4WEZf/vwMN/fVtcSbggzKu1p"
    "f/7m8HVP5nWdFuvu86VcU1mNp6xvt2QSS2zmHNdRuQTYIym4LrT9A2WzB/PZ7e1VLHI5u0"
    "yUK24+Xp9dSOwd6OUkKnIKSWOLKEi06mnbuCSkb1udvjWw+5Kt9NmqazolvAJltyys6pKu"
    "A+PuZnrqfLZzloAPeesUXyGwjLzrQTiXOGW1DniS795/IAbOKS/Eo8U7d7Hd1X046p1LXz"
    "cQgvuo5UfhEVyXB+I8MrkEh4IKqYn+LTXRyGILGXfto/spQWPGHin5D0ecSOuuyAYQF8wi"
    "uuJCoIIjnU4IF4iZxnMWf8Kqli3TIeCkHqDm34po39VflbgolOhcpL/6nCz46J013ykfnR"
    "NS20WPyIKqW61q8mVO5XI1FB2X3IyaN3mWdknLUAtejz1Urp8mvetqvBZxqQ0mZDeTix2W"
    "ai8ZFrSXDNPtJQ5m1VzpiAhw3mRVfuPopqF9JyMjGUe9J88OwJfyObA5zkpsZ1dtdxPZVB"
    "Auhy28CCK76L6SEMh4ibgp7fPTu/PTtxe9r9uqqF87l2byXLlXb5T2MiP65KS94qB+Fkx3"
    "X1MtF9d/IE9ysi7jaMIRtgh6JHOx51AUPhIyV2341ELq2d4gp+1fsRvKWHxO8KNDFSjSQf"
    "2K1oS6fXtOpL2CSL5qzb679fpS5rRfYE77aXMKeZK1+oXTikxn/vwONj+svjLPx6xa33wg"
    "APCWgBdyfHUs3c6lBJw8nXRl6yg6KQtV+DZr2nId5xp6jkuCltum5db0cv/MbMvExi+MU5"
    "FbS05O2iuOPP9yp2vz6Pylkec1eyK6T2HP5SOo171N7r6gqKq8wikD26YgFvfJ7UdYjKdI"
    "gi1HWDryXNGaDSJPH4tq75zEpcBtz3Hb82PQ6NZLdKcUsQ5GpIDVIqtptBSxiD3Xa/qhcU"
    "nwQ8Fu5dmtH12955qsyPUl1moSn1mKuyT4RheDjR/RDD8SLs3IbKYakdgDmtnCWZCjBaYC"
    "PTALESxtClPWI/xuFmV8THs2krYnZbnWcpc/zBFRr9mhJ8qp/PODL4BZR361mPQ507LVPG"
    "S3a9ma0j3nG7EnbNhZLzEUWLBABL4TawcZmc6dTunsA827Vvow89quy51pv6qDYuY4y+q4"
    "CFeRHjD6TPXPade6nMiKz5Sird+1E2UjTlv+4fMo//gqIYs/HzK1JTK1BdwmBV8FVMBt8j"
    "L7ImLUR8AZBkHGqt+yIBYdT7PtsXdtiT3G4axlRjhfvSs2oo0tqGcM225AB/3h8fDk4GgY"
    "2M1gpMhclvDLZShVkWYtItJBA7mW1+TVx6oCwt70DqK7ljYSeUeR2fxaQPoVimye9Gs75n"
    "Jl9F5bNWlf/w8CeyOb"
)
