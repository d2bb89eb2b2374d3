"""Events, for the page and for destinations, and what may be told once only.

The index of tokens by their end finds those that end soon without a walk along all others.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "event" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "at" TIMESTAMP NOT NULL,
    "kind" VARCHAR(24) NOT NULL,
    "project_id" CHAR(36),
    "token_id" CHAR(36),
    "key_id" CHAR(36),
    "data" JSON NOT NULL
);
CREATE INDEX "idx_event_kind" ON "event" ("kind", "id");
CREATE TABLE "event_once" (
    "once" VARCHAR(320) NOT NULL PRIMARY KEY,
    "until" TIMESTAMP
);
CREATE INDEX "idx_event_once_until" ON "event_once" ("until");
CREATE INDEX "idx_token_expires" ON "token" ("expires_at", "id") WHERE "expires_at" IS NOT NULL;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "idx_token_expires";
DROP TABLE "event_once";
DROP TABLE "event";
"""


MODELS_STATE = (
    "eJztXWtz3Day/Suo+RJvlaKyXrbW2doqyVY2ih9KWfLd3I23KMwQmsGKA8wSpMZzk/z3C4CP4XsI"
    "ch4cqqtSjkSiQeo0CHQ3ug9+H4j/OtQjh7+4/D9k5A3eoN8HDE+J/CF76wAN8Gy2vKEueHjo6Laz"
    "RKOh8Fys+3rAjiDykk3EyKUzj3KmGr8jDvEoGyPOCHokZCaQNyHI5fMDJLj8GXtoQoXH3QUSHl4I"
    "5BJsq0cdIMxsRFwsiEDUE1J6IQ7VU20+ko+VnW7qAT6j//WJ5fExkX258jG//Vtepswm34iIfp09"
    "Wg+UOHYKSGqrDvR1y1vM9LUvX67f/ahbqpcfWiPu+FO2bD1beBPO4ua+T+1DJaPujQmTb+gROwEx"
    "8x0nVEZ0KXhjecFzfRK/qr28YJMH7DtKUYO/PfhspPSDptwmjjiktjhkZG5R++/hGyZaW9anmzvr"
    "9urOsgY59ao3ySgkvDTiTA0NyjyF1+9/Bv0ucdFXB+oBb3+6+Pzi5NVfNBJceGNX39SoDf7UgtjD"
    "gajGfgm2/n8O7rcT7BbDHbXPAC5ftAnU0YUl1stvIIIvAmgDkA6m+JvlEDb2JvLX45cvKzD+n4vP"
    "GmbZSuPM5UcbfMyfwlvHwT2F9xJfhz4RyxTklFAjpMMhazCm9xtmOaE+UZu4JignZXo4nF+d1oD5"
    "1WkpyupWGuShnOYt33VMQE7KrGUkdwrj45en57UG8+l5xWhWN9NIU2FJk0DOAnmoLzl3CGYli2FS"
    "LgP3UApualBHs8l2l73Lm5sPquepkCaWvnB9l0H5y8fLq88vjjT4oR0mL19/ussA7hL5xwpPWDPi"
    "WlPKfK8A+mvmFcNeIp1RgPyL9nC8j9VLfH98dPr69Pzk1em5bKLfM77yukJDeaDV5zPDLnYc4lgR"
    "bgZQl8oD2HmwJUp8TmwrMFLzKP98e/OpGOa8ZAZfm4489AdypFuwfzhXgKggSc0p0UT94uPFr9k5"
    "/O2Hm8usza06uCzRA3fpmLJGikiIgiaaa+LpyJq55IF+M7FhUkJ9NGI2YJA/YOrwpyKDvHysJ2Vg"
    "kDcf5FRwB+uXNBjkKaHtuUMDxhnJh0ziq+sY4HVM9HL7PGecJ4J3Bq5mJALzR724CR8ZD+GkDMBc"
    "C2afTYlHXFIQci3HOSW0xalC20KbCq9udMoY+vaYFPk55YthQgTWwuZr4Yw7dESJEfRJGcC+OfYj"
    "lyhsLFywVr6Tdzw6JcUaSEtmdRCKHkY/7GGotkIVd9cfr27vLj7+ktLHu4u7K3XnWF9dZK6+eJXR"
    "UdwJ+uf13U9I/Yr+dfPpKqu2uN3dvwbqnbDvcYvxuYXtJCbR5ehSeg2Z2Q3VnJYENXdazbbaJW6k"
    "5rTkGtS8P/PqXmhZ7cQ/PCa2h9WFIR49zrFrW6k7y+GgdvoLdidCqR/ffybl7mSQKfFlJkEkePqe"
    "LPb3015eDcdl6pvx+CMpiveZwHSn+ugTQGp08WNeNt7yt6bH0+wVzPBY/0nq2epJBWOqIDknM+TK"
    "E3T8sKH1GLZcmaUju0RTqR2XYgc5BD8RlUVDhUqjQTYZuYuZVB3izFkgCQZHGI1dzLwghYaRJ+KG"
    "15n8T8yJm0/U2dAzVufq/JaMYFB78G9I3ulC8o5EgRjtxscCW/Tat+OwbyQ6Mgl3EevCG7XvYTbJ"
    "0asa8B5lLZcluupWxjukMznZeORbAcR38mqJZ5iS6gXQVebj1a931W55bD1+uPn0j6h51ldPA0+Y"
    "XijkW6rVzSqascuHeKHwptSwuyS19Q/3OaHjScFQL810WAo0Sm1oNMqPNgXumhMbGudHMcsXkBxl"
    "mBwVo20NyQN3ISltS7gPuc9k99xkfk7K9G8P7KSWlXdSYeWdFOUOU+5Sb2EwNydFtjc7v8xi/LI7"
    "MzLkBm8rNxhSmIqw7ktNQadhXn9JAfZlxwb4Ru37h+3RcZ3ZQrYq9zmOc3OFDnBZUzzLY1y+/Z0S"
    "gv1v2P+GLbPKjdEwNF4YSCkPfael1hkC765qV4S6c/uQNXIuf5T+KB2z92ShYb6Wr4LZqLBwMlef"
    "vZ/A5jbU5GUXz+O9mMzIkggE++9aARe3by/eXQ3+LN/h3cbuXLClWbE/F+951tih8+K2K/fo/qkq"
    "2bEqUkdzLBD5NppgJt8UPXD3APnMow6iHiLMLqiSNxVuUQFfFpYtn01KY7Hb20zTT1L/nO7ZLprg"
    "vjsyqs9eSvRiA2LTRj7s9MBOT5fUsOmtngfijSaN7P60JNj9nbb7ybcZld01UHNacjtq3uZe6r5r"
    "2SAhcpPmcqmZXMM8NrCKrz2BBBm5RP4fu5r3SSD+oDigqIv4nB2gIRlhXxBp/rrc0/mKaE69CVLV"
    "mg6eoYk0iL05R9pC1oM3Zz5v7CmQvban2Wvdp56C3DWw8AotvA4t/fsTY9+LpT9NCvQkV9Emdnxa"
    "ErTcZS2rqaKciOiSjiu5iHpKQfTX4+OTk9fHL09enZ+dvn59dv4yThDJ36rKFLm8/odKFklpN589"
    "8l9fGnwWmfFRwW5wKf4ZqR0m4nQ0TTIASKXZmA3stFxvcN3yoAZOuS0Nc+CUA065neO8K045wuwZ"
    "1y/RQBUpYdBGe23QWSM9hGKggeYaAIodoNh5ftiH1opE1i8K91UZ+TlRsPOb2fkOlij6olGgKCsL"
    "oaIuh4ogofdZqBkSeiGhtz8JvYnsgWD7vcBMMKUjutU99QjyjZISJSEry+ZYIroip8MSy5YrUzvu"
    "JgTZdCzNPJVqgcMEjEN0v9yGvEdUJWbIBkyf+sUdW58DptsX5mHkczs295g6yR1BqgskdXQiqSMY"
    "BnnAyxMPlhLrST3o0FFX60+lhsSD52CAgp/xLNQcrOdmy1NSBnyMah8jzoFt6WH0jYEz618kx1Sn"
    "ygWFvP4x2PouKhZM3K60m33VMLGHXs9uVqE5dHqOJtx3C8oBi5sU2Ku/DYb+6DGw2NOeXOpbThBH"
    "aBtQ/RBtzwXGbVFGcygdPkG2+i3Va3TdyDauChoXTjwFkeJwmHXXTttipLjcWF4ODJM1PjGcYH3v"
    "8voOccS1OZxgNG0MUDg6eQt+e7yk10U4FughvBupd4ltJQOQkzKAcz2cm6XKt86qhDyDAXFd7hri"
    "vpQB1JuhPnIoYZ7VBPycKOigmQ5irp8mWigQBj000wNlIz6d6eiQkQrScoB+w6+APUpPUzGYq3BW"
    "s3W4vA/QSlOtzFw6InZjhRSI7zWl9LbXZ2ndj/WOlzXhTlM1VPUC2qivjZkrJ3rPKj33rEIFOVGY"
    "kRp+EcFaq4i7muihUBx00VAXWPN5NdJDVhR00LQOFwvO5Hs1UkORNGii6cwkPIthxo2npKRcj6py"
    "t4z/cOERYdGCnIgq9JNSMPLbIM99wxqtlBhg3wx7z3sYWi/NgF/KAOotUD9qgPoRoN4S9eMGqB8D"
    "6i1RP2mA+gmg3hL10waonwLqLVE/a4D6GaDeEvVXDVB/Bai3RP11A9RfA+otUT9vgPo5oN4S9b82"
    "QP2vgHpbL6mJc3oE3mlr3Bu5p+Cftsa9iYN6BB5qa9ybuKhH4KO2xr2Jk3oEXmoL3BWHxIRg2zTu"
    "m5YD9Fuib7jApuUA/ZboGy6zaTlAvyX6hottWg7Qb4m+4ZKblgP0W6JvGB9OywH6LdE3jBOn5QD9"
    "lugbxovTcoB+S/QN48ZpOUC/JfqG8eO0HKDf1ttq6uxCLHk9+Dd2d8HfXQv+TR1eiC2vB/+mLi/E"
    "mNeDf1OnF2LNpvjnWAd3yJD3E/fdQRk/nr55sJodbxK1W8mNdyVHjRwpUg95UrzMPWDDAzY8YMNr"
    "oRhgwwM2PGDDAza8LUMJbHj7ztIGbHjAhtc/rwvY8HaNOrDh7V4HwIbXDT0AGx6w4YFWgA2vS/gD"
    "G16XtAFseLvXAbDhdUgXwIa3cx0AG15XNAFseLvFH9jwdos8sOHtAntgw9sZ6sCGB2x4zwV1YMMD"
    "Nrzngjqw4QEb3nNBHdjwgA3vuaAObHjAhveMcAc2PGDDe064AxsesOE9D9yBDa8T6AMb3i7RBza8"
    "XaIPbHi7RB/Y8HaJPrDh7RJ9YMPbJfrAhrdL9IENb5foAxveLtEHNjxgw3vW+AMb3m7xBza83eIP"
    "bHjbwr8jbHifgzLFD3w8KKDDS9w9qOLDC4sdLSdsuJIQ7wI5xB4TFxHmuYsDhAXCyOXzQ3TtCURt"
    "RAXyJgSFHX+nr2EmrzPEXVsK8gekmcoGGb2useuv7CvT7HzogTpeeENKOlR4aKL6ZUgPUnkVe/J5"
    "tlCdqCbUPkCCB9cxmknsESNz+bjvH6grpan4ylz54cQP/UG9JGayXfh09ZqJS1T2/eJe/nuoO7Co"
    "qjS9/0sZZeAKtj/5b47pL7oW8wZFF4SHPV8kr3DfG/GAHE5dMuIGLOfYWj+71mqCwMHfHnw2UqMS"
    "6Sepf07/PtjQ7NKGbqucAxAb8/9h4P4D7r/+qBa4/4D7b6dQbpr7D5jptsNMN5X2Ey+YGypIFmOJ"
    "HmJ89KoGxEfZNXKJsLoFJJbbHcJLYz0N8e0UO06pH7+U2p4Lv0mcAy/+5Pj1q9hvV79Ueeq3Hy8+"
    "fCgIjSxdnbpjNiHSx1FbZ3U7Ll/djnOrm2YSMwE4FughvOc10D0vBfc8i+3O2ZSANeNNh/iUQBtv"
    "OsCoBFp40xlOJdDFG2BV2jX++8Sq1FPw94VYqXfw61KlIo91ZX1TC4cVZh214eNLhJRRaYp+RhAG"
    "f/vEC1MVZARBBe28AWvuUo80dwly8jArrUMfR5PWKkl1AVppqhXs25RLW3PmNwsmFcuDPtrpQ1qf"
    "7RSS6wA00lQjdKrOw2j+hRTLgz7a6aPFF1LSAWikqUbmZGgJgl25OBuqIisJOmi3bggiX8ZutGIk"
    "REELTbUgiPtER9JfoGaJU1m5RvufXdNAavvz5LjG/ufJcekGqLqVGfFMzIlrGWeeZOX6h/VG8k/0"
    "loDgvjsy2tLPiPUP7PUnBcanEo7kEDXBOicIaK9G+5EsDNOGlxItkoY7hvJ6coax55HprOiAtZ9v"
    "bz6VlSwsZbKFC3TkoT90VU6vEFVgqJ7jYoVofL74ePFrdui+/XBzmYVedXBZeNid0dQcS/Rvnqgz"
    "TZTPErlJwiUPvsCO8Yyclesf0OuZkDtSM3khPSHv6okwb1BQM5m4e1BVM6n8Kc8iccOVNZM3TJUe"
    "MhKVISqwnXz9Y3mzOnWC8g24Hm1RrR/W1XHJK56aD5KVhP2o/9OWvjhUJZaMzOWfB2WAUAa4+zLA"
    "+IOs7bhGAj3Mjt6Iy7qc4QwgDiV6iPH6fadwwdAgGaCcEesh1OuPdqXWZkOgC9ffHtiem4lzTRQz"
    "g5ELmxBp5cE2GtMJQ2foU8ejTByqx+7CyNmIY0tnJkM+aN2/sb7+yTuidjGbUtJSgPNqnKHQcCPV"
    "x10JGdhTyr4I7XTnIwbxzYPKgIFqZvlRu9UcSwzh0Yj7zAt4iKZ4gQQdM81RxHVsQHep6YlEAZGS"
    "ufzqCAPECroQK1CDSP9sMNskZdYz3ayGfHuTzVkdG1G2Kp9uznI24gwLMedy6phgMTGBOifYw+n9"
    "+OysjlV+dlZulat7GWOFO2aB97D99vANZvFNzRab5u+gwlKxj6cCkC+5xBKzkuk6KZcBeygFN4V2"
    "NKFsd2K+vLn5kPJvLq8zKUGfvny8vJLYa+jDpf5NYTa8SxQklnlwNy0JQd5OB3kdHJBnSvvOXNM5"
    "4TUou2POV590HS/uQTyoybdd0gV85J1TvIH7mUwPFULiVJSfG0r++P4zcXDZJkTCq7wNutpfzS+v"
    "hrPSnxt30yPMyjz1BKarnHWRaFqDE1l518T+XrrUQ5fPpb91iO6klz3i/JGS7wQSRK7qijwYCY+7"
    "xFbcxtQTyKbSAfcQZ86iiA95Xd3WyR/Q4QnICOiElx/oz8QfWkr0zsNff8QWbPPeLts521wQ0tg0"
    "T8iCqjutavJtRmV3DRSdltyOmrc5l/ZJy7BTvKGCFGn6WdKuNuOpTkttMRC7nRjsaa3kk9OK5JPT"
    "fPKJxszMlE6IAId90b5wGt08tD9Kz0j6Ue/JQgN8Ld8Ds+JqtYJd3f3ENed8y8sunsd+XXJUSQCk"
    "t0SCQPbbi9u3F++uBn/uZrf9o74xlXPKnarbHxR48tkmB1XO/DRuHBAB1PPnP5Mn2diW/jMRCLsE"
    "PZKZd6CPGnokZKY20KmL1Hu9QboYQJ1SJH3wGcGP+sgfL+/Mr6lP2Kfvzkx0UOHBm+7R93d/vtYy"
    "elSxjB7ll1GIj2zUHpwYnlgSte9hssP6d+LFiJtl08cCAG8NeCG212Sl27tQgI7PSSO2iaKzsrDr"
    "3mVNu4Hh3EDPaUnQcte03JEM75+57zLs/MIF9Up2j7NNDqp8zv8Eja1ZsvVKn/MjfyJ2dAitkI9X"
    "5d9MBAWLal/X0xu/PvOIK6LjaYfYG02QhFle4Xmfcw19qpN0PytHVLmsjDwRF7lkqvpVx+TKHqV1"
    "jjSjOnrgLiJYygoPu57yWTGac/eRuNKjVQfxEp2IrgofkNIccjgbf2X4QR3QK/3duXwhNcL9KQmO"
    "9Q2iEvJBc+rJN5LSo4kqj9cvqlrzhwfpQSPB8ExMuHykq99/9OjP5L2v7F4O7Qvr3fXn+8DRVv1w"
    "39Nb5NK71g/lvmOjYQSDfPBYfl/oweVT3WxIxpSp4yoO0SeO1GnAU/xIxFemX4JOpZIFlYoPHsC4"
    "J99wjKTrSiLc9R8u8EKguRJJQY4ddZTwAk24Y7d176NhZ1buk5YC36jENyp39JNfeSblp+qIpoQU"
    "UIAXZeLWouPzZ3ZDYz8tCcY+GAfFxsE/Aq2X2AWJu5UmwTjdrhZhTHzwvcPlWimIS7FDBYkW7elU"
    "LU9ykZ36nu5ZLM+tZ/50qJaXIdGL7RPVSxQKqxeylDObeNBXxl2buJsIWVefh1m4jjWcUne7jrU9"
    "CbN8yXrCjl9UB1KxXsUi21usXu79StWRKeytTjUvmr7COzWnrjBnvd4M9s8JlZ5AeKa9Msz19lsw"
    "pehuAqN+2Tu6p/a9turxUNroeWdmLT2ueS6qZCHv2Uy0FdOufNJ6lH+8iWMTtYegeY2geQX5TPkO"
    "cRX5zPNMTUlTpZq6JOCKgCtStY6rDJJRqSuSuFu5nrvpdrVckTDgpvwAFeRTS672FXRaiggciHvs"
    "3atClPlELsrUQyMVbpQjgCuRESlmu1xXxy2WdeEPlUFhOPelpXaWJaOfpP453bP0GFjNN7iaw9ID"
    "S896l56fCHa9IcGFtMnLm5ULzyTVrEZNZbB39J04QMOFXg7Uc4uqJMsbtlgXgk5N5qilBGyjGG+j"
    "wJwFc9Z656z3ZPFZpXwWzFjRrcr5Sp0C4katVk5XX5hHncBGxUiKKouVcQ9hoZK+lXHLpb2rs5oP"
    "UPgbYfaMS60rMbW7zoP7WlS+sJ2f6zb2lIKJ8rfEOSjxWUpRZ0Gh+C7DZuFk2N0JtBtRs90cfrNH"
    "U6pBSMf4JLJ2R5B1DcQtcDPH04sByEkZwLkezr5aR0wNrlgIiqS7ZnKl82WxMDsUYSkB30/599Md"
    "s/bWw17hfm58b6VhK+JmNRxxKfCdQCprHhHX5W6YTDnRpqIKySr+IV/M5ExM7DfyJgqO4NTNMPIU"
    "FZHA1A7CvUH7IS4wbzf7qBbBgK6YUc8jOBwruEFeX1YWsv67vFap77WBkhNioN8u6/cBU0d+ikpf"
    "BZyIpTGArFhvks6Oj05fn56fvDqNgwDxlSrfP5/4rEvY9AppYuilpfrHjLMRX2kJWtNSw6QwzFdd"
    "m686Ytd/Cc/2vtGJBYMC6z7TotLGj08K58vGdY4diSznpWGtyrikLRn2h8Ii6bAmaz7hidgz9UJr"
    "XSVqquj0I1OVY0VsKJt9VGE0O8wczZx+mqJA1RmlYYMo4yBRFf5vdYZq2fV096H5X06n6vJ5oUdR"
    "FRpfykB4fD3hcbNauXXWyHVr3Tyrk4MiW1Wc6JHLQoEUnw2eFilnmydqm+UnJGV6CPL6aXDSU3rd"
    "yE9aCjbRsqnmiTW2dqZ5QgYAzc6zHYlN9gJMYA9qAvBe+HkpNQdkD03UnJIEb75rWu6KNy/k9Xdy"
    "BLCyA0kyLQ4qvXnV1rJTjevWkKOZ9Kwn3A+2yO7fSVw/3V7ffLLeX/3v/ZuAk4QKNHa5P5PO9XCB"
    "GKF6ty2or2TS29Z5LMUVHGt9giKbuY//TF31cS8Xq/u4OCSODYTHmx6osICiWrFVW9XiXlcq35eH"
    "AYb+6JHojzeF57LAOWW+JS2PIJsnHzVIS6R6DR+mAwTJrgobQQpdJ2MEywFjsk4spcAU6NwikaaS"
    "TXyKdV3plBD40jV86RLOiXKIyxgn+gDv0fF5nZqv4/Pyoi91D6IVEK3YN0Ahh3rT+9UukX9pYb5F"
    "5d5SQqo36RZbZqPT+/yGuC9lAPWGHIBM7f0yK3CSm43+8j5AK021MnPpiNiNFVIgDrpopovRRDH1"
    "qJilpYhmG6qkqhfQTDPNSOt7OguPJjJUR04UdNDw65A4OkQT3DXRQ6E46KKhLvBoohJ/m+ghKwo6"
    "aKaDoBpMvlcjNRRJgyaazkzCsxhm3HhKSso1Qr9ju5LPjrP10rfHxLtwiFuYCpy8fVC1czjUDS0c"
    "t6xR7icm6qwH/qDZI4IO1FkG6re51L/iZNMnQijeNqQ5JaLtOZs49Im4CyVMnohUXlGN39r7L9nn"
    "Ux2r20Gnlj6VQnp46pJ+hXYcFp09OXFvy/66TQEE5ejN9teW32HdiO9Sossh38HdJJq9vhOqBOEg"
    "rEYIj3rRaQkq8SEoYZYzlkqEyM+HzbtZkdJ9Viul+6wipfssG1oumEnrWyUFwl0++WTwhdFvSM0f"
    "P6CXwWFG4Vqlq1YmWDEvhQtWwTJnLN0JizNYF3NqrT5yIRbqtDp/Ie5IWgxKF8qUwFOVP5TXW3mz"
    "dZ/PkFj49EPMvqalTKdRv9BZWQs0V2ac/InJXqRj8r3N5au4IqbxLzIUjUS78fnMiKkeY5EuqxH8"
    "tDI/7cb3hvzbtUemgwI3LXG30kvjul09/0wlXUr5abCQKKdJNvAoC468UFmQHMl1Rh9XJ/0mQsdM"
    "F0h6lKj6SHU7yL4szudcX9er6VZ+GyT6z9RlQiJk5xIh88qq6xHnJSEvBqoly1yXOrlx5Zlxubw4"
    "NaMZjteECAxUIJd/DmEaQf+vwPErN1vD5n2yWluR83TEHv1MHnyBnZ+47xYZpMnblRapGzS0JlHL"
    "huVGn69+/HJ78UGXAh1Ik9JZIH2GtByZxJYG4w/SgJwp/mp9GHR0JHWYWiKvjetWHa3nQSsqhlbV"
    "BumhZec3FrI1QmVlQVAJ1GkDGCqBer0EQgEFFFB0H1AooNh0AYVewg0Ajtr3EN/11wGGhqVxVtlS"
    "CrLJ9i5KHrodg3KPpJY3Ut8RCXfvGJkr6z4aPcEp90uugND6/y7cW1c5SOrQei1Ni44aW1/Xiung"
    "lqMHMkcqGUr7JjrqzuRF6niyKSPEFooQUQ/RTZxeDSlMzyuFqSvWDngGZh9Tx5Jx994x6CWewAi5"
    "BesVzqfajgs2lfYNN9oPXUr0EOP1HxENUYRND2F1wlJRiuyKXMpYqk87a+tIkoSozAbXteHCI8Ki"
    "BRxYVVGZpBREZZqljAYYct8wbTQlBtg3w9723SAnzbSUISMI+O9dRPJKVQ8OCuKRwY2DqmgkiZvU"
    "ikXq5sn4YDYYGIQIVdRQyHcJjul+Wp52SIrKFNbZcZ1E3Sjd0Dg9t7MxRm3QikNqi0NG1LkqEGqE"
    "UOPuQ42QB7x0y+qYucflZu5x1w706GXcEeK4vTjOo5dYqsUzj+TPtzefSuz6sH12jaQjD/2BHCo2"
    "ZtgnDJOhTx2PMnGoHrsLo0Thk1ouoyn1xceLX7Oz7dsPN5dZTagOLjtm69+wERmU2fv65mqb3+JR"
    "u5WG/53ayxdcRaWlFtBc5Rtzxz6Q15JHkzPu6esIj6VmftBEJ9pE17a6Mt3lv7oduveZR537IgKB"
    "TT6qRcpBhFZdUyZqvx5TZrf5ypnj3+rEl2WrigPgwvhyuT+gdWbqEsRCWznIBihU9u4cmwvi0tGk"
    "aOIM71TOmnjZZtWMWa7YNSc9PZdaiZZHjZdPNHLNMD0uIyHSRz91E1Q76qMyQDhs3kN0j2ptzh5V"
    "bM4eFaV4M6+QqqPcN0iIbN892M1C2Q9H4M//B6FAP/Q="
)
