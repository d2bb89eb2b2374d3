"""Destinations: where events and requests are sent, and how that goes.

How it goes has a table of its own, which changes of a destination do not lock.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
CREATE TABLE "destination" (
    "id" CHAR(36) NOT NULL PRIMARY KEY,
    "name" VARCHAR(200) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "url" VARCHAR(2048),
    "ciphertext" TEXT,
    "encryption_key_id" VARCHAR(16),
    "has_secret" INT NOT NULL DEFAULT 0,
    "has_headers" INT NOT NULL DEFAULT 0,
    "events" JSON,
    "requests" INT NOT NULL DEFAULT 0,
    "filter" JSON,
    "is_active" INT NOT NULL DEFAULT 1,
    "created_at" TIMESTAMP NOT NULL,
    "updated_at" TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX "uid_destination_name" ON "destination" (lower("name"));

CREATE TABLE "destination_state" (
    "destination_id" CHAR(36) NOT NULL PRIMARY KEY,
    "delivered" BIGINT NOT NULL DEFAULT 0,
    "dropped" BIGINT NOT NULL DEFAULT 0,
    "last_delivered_at" TIMESTAMP,
    "last_dropped_at" TIMESTAMP,
    "last_error" VARCHAR(300),
    "last_error_at" TIMESTAMP,
    "failures" INT NOT NULL DEFAULT 0,
    "failing_since" TIMESTAMP,
    "retry_at" TIMESTAMP,
    "owner" VARCHAR(64),
    "leased_until" TIMESTAMP
);
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TABLE "destination_state";
DROP TABLE "destination";
"""


MODELS_STATE = (
    "eJztXWtz2ziy/SsofZncKo8rfiTxJltbZSeeGU8enoqdnbk72aIhEZa4pgAtQVrR3c1/vwD4EB8gRZ"
    "B6UHRXTWVsEg3Sp0Ggu9F98J8B/7fr+OTwN4/9i4z8wWv0nwHFUyJ+yN86QAM8my1vyAs+Hrqq7SzV"
    "aMh9D6u+7rHLibhkEz7ynJnvMCobvyMu8R06RowS9EDIjCN/QpDH5geIM/Ez9tHE4T7zFoj7eMGRR7"
    "AtH3WAMLUR8TAnHDk+F9ILfiifarOReKzodFMPCKjz74BYPhsT0ZcnHvPnP8Vlh9rkG+Hxr7MH694h"
    "rp0B0rFlB+q65S9m6tqXL1fvflIt5csPrRFzgyldtp4t/AmjSfMgcOxDKSPvjQkVb+gTOwUxDVw3Uk"
    "Z8KXxjccH3ApK8qr28YJN7HLhSUYO/3gd0JPWDpswmLj90bH5Iydxy7L9Fb5hqbVmfrm+tm8tbyxoU"
    "1CvfJKeQ6NKIUTk0HOpLvP7zPex3iYu6OpAPePvL+ednJy//RyHBuD/21E2F2uC7EsQ+DkUV9kuw1f"
    "8LcL+dYE8Pd9w+B7h40SZQxxeWWC+/gRi+GKANQDqY4m+WS+jYn4hfj58/r8D47+efFcyilcKZiY82"
    "/Jg/RbeOw3sS7yW+rvNILFOQM0KNkI6GrMGY3m+YxYT66NjEM0E5LdPD4fzytAbML09LUZa3siAPxT"
    "RvBZ5rAnJaZi0juVMYHz8/Pas1mE/PKkazvJlF2uGWMAnELFCE+oIxl2Bashim5XJwD4XgpgZ1PJts"
    "d9m7uL7+IHuecmFiqQtXtzmUv3y8uPz87EiBH9lh4vLVp9sc4B4Rfyz3uTUjnjV1aOBroL+ivh72Eu"
    "mcAsRftIfjfSxf4sfjo9NXp2cnL0/PRBP1nsmVVxUaKgItP58Z9rDrEteKcTOAulQewC6CLVBic2Jb"
    "oZFaRPnXm+tPepiLkjl8bWfko/8iV7gF+4dzBYgSksycEk/Uzz6e/5Gfw99+uL7I29yyg4sSPTDPGT"
    "u0kSJSoqCJ5pp4PLJmHrl3vpnYMBmhPhoxGzDI77HjskedQV4+1tMyMMibD3KHMxerlzQY5Bmh7blD"
    "A8ooKYZMkqvrGOB1TPRy+7xgnKeCdwauZiwC80e9uAkbGQ/htAzAXAvmgE6JTzyiCbmW45wR2uJUoW"
    "yhTYVXNzplEGpbARfO4b3HptaQ2QtDx17fwRY9/ORKGnr9hkXHXPthYI+JzscsN0RSImCHNLdDZsx1"
    "Rg4xgj4tA9g3x37kEYmNhTV2yjtxx3emRK+BrGReB5HoYfzDHobJK1Rxe/Xx8ub2/ONvGX28O7+9lH"
    "eO1dVF7uqzlzkdJZ2g369uf0HyV/SP60+XebUl7W7/MZDvhAOfWZTNLWynMYkvx5ey6/fMbqjmrCSo"
    "udNqtuUOfSM1ZyXXoOb9mVf3QssyC+L+IbU1Ly8M8ehhjj3bytxZDgeZZaExICOpn95/JuWufJil8m"
    "UmQCR4+p4s9vfTXl6NxmXmm/HZA9HFWk1gupV99AkgObrYMSsbb8Vb0+Np/gqmeKz+JPns7wfaMaVJ"
    "jMoNufLkqCBqaD1ELVdmSIku0VRox3Owi4QT9UhkBpPDZQoTssnIW8yE6hCj7gIJMBjCaOxh6ofpS5"
    "Q8Ei+6TsV/fE68YpLUhp6xOk/qz3T0yLEH/4TEqS4kTgkUiFEmRCKwxYjJdoIlG4lMTaId3Lrwxu17"
    "mMlz9LIGvEd5y2WJrryV8w6dmZhsfPJNA/GtuFriGWakegF0lfl4+cdttVueWI8frj/9HDfP++r5QK"
    "BaKMRbytXN0s3Y5UNcK7wpNewuQXD9w31OnPFEM9RLs0yWAo3SShqN8qNNgbvmpJLGuWlURrC3HLbe"
    "+8S0BG1rSO6ZBwmB29o1YAEV3TOT+Tkt07/9x5NaVt5JhZV3osvbdpjn+JrtsNK5OS2yvdn5eR7j59"
    "2ZkSEve1t52ZA+psO6L/UcnYZ5/eUcOBAdG+Abt+8ftkfHdWYL0arc5zguzBUqwGVN8ayIcfn2d0YI"
    "9r9h/xu2zCo3RqPQuDaQUh76zkqtMwTeXdWuCHUX9iFr5Lv+JPxRZ0zfk4WC+Uq8CqYjbdFqoTZ+P4"
    "EtbKiJyx6eJ3sxuZElEAj335UCzm/enr+7HHwv3+Hdxu5cuKVZsT+X7HnW2KHzk7Yr9+h+lywCWBIE"
    "oDnmiHwbTTAVb4rumXeAAuo7LnJ8RKitYSgwFW7BPlAWli2fTUpjsdvbTFNPkv+c7tkuGmeBNzKqjV"
    "9K9GIDYtNGPuz0wE5Pl9Sw6a2ee+KPJo3s/qwk2P2dtvvJt5kjumug5qzkdtS8zb3UfdeyQULkJs3l"
    "UjO5hnlsYBVf+RxxMvKI+D/2FOcWR+xe8m85HmJzeoCGZIQDToT56zFf5SuiueNPkKyUdfEMTYRB7M"
    "8ZUhayGrwF83ljT4HstT3NXus+7RfkroGFp7XwOrT070+MfS+W/iwh06NYRZvY8VlJ0HKXtSyninIS"
    "qAtnXMkD1VP6p78cH5+cvDp+fvLy7MXpq1cvzp4nCSLFW1WZIhdXP8tkkYx2i9kj/w6EwWeRGRtpdo"
    "NL8c9J7TARp6NpkiFAMs3GbGBn5XqD65YHNfD5bWmYA58f8PntHOdtJ5fEaBJqz5h6iQaqyAiDNtpr"
    "w5k10kMkBhporgEfj42gj9sD5s0xB1ojoDV6ethHFqJANtCFWKscq4Io+FbNfCsXCxQD3ig4l5eF8F"
    "yXw3OQRP0k1AxJ1JBE3Z8k6lTGRpjyoDETTCmgblRPPYJ8o0RQacjKMmiWiK7Io7H4suXKdJrbCUG2"
    "MxZmnkxvwVHSyyG6W2793iFHJsOIBlSdcsdcW517p9prc1+K+TSbe0ydhJowvQgSaTqRSBMOgyLg5c"
    "keS4n1pHt06Gi39aevQ7LHUzBAwc94EmoO13Oz5SktAz5GtY+R5B239DD6xnqa9y/SY6pTJZpcXP8Y"
    "phvoCjRTtyvt5kA2TOUt1LObZWgOnZ6hCQs8TQmmvonGXv1zMAxGD6HFnvXkMt9yiqxD2YDyh3hLND"
    "RudVnkkXT0BNHqz0yv8XUj27gqaKydeDSR4miYdddO22KkuNxYXg4MkzU+NZxgfe/y+g5xxLU5nGA0"
    "bQxQOCp8C357sqTXRTgR6CG8G6kxSmwlA5DTMoBzPZyblSe0zmSFPIMB8TzmGeK+lAHUm6E+ch1Cfa"
    "sJ+AVR0EEzHST8Sk20oBEGPTTTg0NHbDpT0SEjFWTlAP2GXwF9EJ6mZI2X4axm63B5H6CVplqZec6I"
    "2I0VohHfaxrvba/Pwrofqx0va8Lcpmqo6gW0UV8bM09M9L5VetZchQoKojAjNfwiwrVWkqU10YNWHH"
    "TRUBdYcag10kNeFHTQtPYZc0bFezVSg04aNNF0ZuK+RTFlxlNSWq5HldBbxn+48Am3HE1ORBX6aSkY"
    "+W2QZ4FhjVZGDLBvhr3v3w+t52bAL2UA9RaoHzVA/QhQb4n6cQPUjwH1lqifNED9BFBvifppA9RPAf"
    "WWqL9ogPoLQL0l6i8boP4SUG+J+qsGqL8C1FuiftYA9TNAvSXqf2mA+l8A9bZeUhPn9Ai809a4N3JP"
    "wT9tjXsTB/UIPNTWuDdxUY/AR22NexMn9Qi81Ba4Sw6JCcG2adw3Kwfot0TfcIHNygH6LdE3XGazco"
    "B+S/QNF9usHKDfEn3DJTcrB+i3RN8wPpyVA/Rbom8YJ87KAfot0TeMF2flAP2W6BvGjbNygH5L9A3j"
    "x1k5QL+tt9XU2YVY8nrwb+zugr+7FvybOrwQW14P/k1dXogxrwf/pk4vxJpN8S+wDu6QIe8XFniDMn"
    "48dfNgNTveJG63khvvUowaMVKEHoqkeLl7wIYHbHjAhtdCMcCGB2x4wIYHbHhbhhLY8PadpQ3Y8IAN"
    "r39eF7Dh7Rp1YMPbvQ6ADa8begA2PGDDA60AG16X8Ac2vC5pA9jwdq8DYMPrkC6ADW/nOgA2vK5oAt"
    "jwdos/sOHtFnlgw9sF9sCGtzPUgQ0P2PCeCurAhgdseE8FdWDDAza8p4I6sOEBG95TQR3Y8IAN7wnh"
    "Dmx4wIb3lHAHNjxgw3sauAMbXifQBza8XaIPbHi7RB/Y8HaJPrDh7RJ9YMPbJfrAhrdL9IENb5foAx"
    "veLtEHNrxdog9seMCG96TxBza83eIPbHi7xR/Y8LaFf0fY8D6HZYof2HigocNL3T2o4sOLih0tN2q4"
    "khDvHLnEHhMPEep7iwOEOcLIY/NDdOVz5NjI4cifEBR1/IO6hqm4ThHzbCHI7pFiKhvk9LrGrr/Sr1"
    "Sx86F7x/WjG0LSdbiPJrJfitQgFVexL55nc9mJbOLYB4iz8DpGM4E9omQuHvfjveMJaYd/pZ74cJKH"
    "vpEvialoFz1dvmbqkiP6fnYn/j1UHViOrDS9+58yysAVbH/i3wLTX3wt4Q2KL3Af+wFPX2GBP2IhOZ"
    "y8ZMQNWM6xtX52rdUEgYO/3gd0JEclUk+S/5z+bbCh2aUN3VY5ByA25v/DwP0H3H/9US1w/wH3306h"
    "3DT3HzDTbYeZbirsJ6aZGypIFhOJHmJ89LIGxEf5NXKJsLwFJJbbHcJLYz0L8c0Uu26pH7+U2p4Lv0"
    "mcQy/+5PjVy8Rvl79Ueeo3H88/fNCERpauTt0xmxLp46its7odl69ux4XVTTGJmQCcCPQQ3rMa6J6V"
    "gnuWx3bnbErAmvG6Q3xKoI3XHWBUAi287gynEujiNbAq7Rr/fWJV6in4+0Ks1Dv4VamSzmNdWd/Uwm"
    "GFWUdu+AQCIWlUmqKfE4TB3z7xwlQFOUFQQTtvwJp7jk+auwQFeZiV1qGPo0lrlWS6AK001QoObIcJ"
    "W3MWNAsm6eVBH+30IazPdgopdAAaaaoRZyrPw2j+hejlQR/t9NHiCynpADTSVCNzMrQ4wZ5YnA1VkZ"
    "cEHbRbNzgRL2M3WjFSoqCFplrgxHt0RsJfcMwSp/JyjfY/u6aBzPbnyXGN/c+T49INUHkrN+IpnxPP"
    "Ms48ycv1D+uN5J+oLQHOAm9ktKWfE+sf2OtPCkxOJRyJIWqCdUEQ0F6N9gNZGKYNLyVaJA13DOX15A"
    "xj3yfTme6AtV9vrj+VlSwsZfKFC87IR/9VVTm9QlSCIXtOihXi8fns4/kf+aH79sP1RR562cGF9rA7"
    "o6k5kejfPFFnmiifJQqThEfuA45d4xk5L9c/oNc/Ift4bDSBxO1h8mg+eRAqN5zMfJa0TP/G9dFxnY"
    "RN0ao8Sf5YJW12pBz4XDj5/uUjof5AUw6cuntQVQ4sQwW+RZKGK8uBr6msqqUkrrCVeLvF0t7yZnVK"
    "YMUbMDXg4jJWrAo/01d8udSli2T7UdqqnFh+KKuHKZmLPw8qXKHCdfcVrskHWTsmEwv0MPF/I9GY5Q"
    "xnAHEk0UOMN2GFqgVDgWSAck6sh1CvP5CbWZsNgdauvz0wPzcTwp1I0hEj5yol0sq/ajSmU4bOMHBc"
    "36H8UD52F0bORtwuZ2Yy5MPW/Rvr65+8Y9YisyklKwU4r8YZamg3UljflZCBPXXoF66c7mLEILl5UB"
    "kwkM2SMFEN+jCK8GjEAuqHFFtTvEDcGVNFv8VUbEB1qZi3uIYjzFx+dYQBYgVdiBXIQaR+Npht0jLr"
    "mW5WQ769yeZFHRtRtCqfbl4UbMQZ5nzOxNQxwXxiAnVBsIfT+/GLF3Ws8hcvyq1yeS9nrDDXbE8par"
    "89fMNZfFOzxaapaRxuydjHowbkCyawxLRkuk7L5cAeCsFNoR1PKNudmC+urz9k/JuLq1y226cvHy8u"
    "BfYK+mipf60t9PCIhMQyD+5mJSHI2+kgr4tDXlhh35lruiC8BmV3zPnqk66TxT2MBzX5tku6gI+8c4"
    "o3cD/Tmc+cC5x0qeeR5E/vPxMXl21CpLzKm7Cr/dX88mo0K33fuJseY1bmqacwXeWs81TTGnTf0rsm"
    "9o/CpR56bC78rUN0K7zsEWMPDvmBI07Eqi55sRH3mUdsSdvt+BzZjnDAfcSou9BRfa+r2zr5Ayo8AR"
    "kBnfDyQ/2Z+ENLid55+OuP2IJt3ttlu2Cbc0Iam+YpWVB1p1VNvs0c0V0DRWclt6Pmbc6lfdIy7BRv"
    "qNZKmH6WsKvNKNizUlsMxG4nBntaK/nktCL55LSYfKIwMzOlUyJwPINuXziLbhHan4RnJPyo92ShAL"
    "4S74GpvhBTs6u7n7gWnG9x2cPzxK9LjyoBgPCWSBjIfnt+8/b83eXg+2522z+qG1Mxp9xKSoqBxpPP"
    "NzmocuanSeOQ46KeP/+ZPIrGtvCfCUfYI+iBzPwDdYrWAyEzuYHueEi+12ukigHkAVzCB58R/KBOs/"
    "KLzvya+oR9+u7MRAcVHrzpHn1/9+drLaNHFcvoUXEZhfjIRu3BieFhPHH7HiY7rH8nno+YWTZ9IgDw"
    "1oAXYntNVrq9CwWo+JwwYpsoOi8Lu+5d1rQXGs4N9JyVBC13TcsdyfD+lQUexe5vjDt+ye5xvslBlc"
    "/5r7CxNUu3XulzfmSPxI7PV+bi8bL8m/KwYFHu6/pq4zegPvF4fPLyEPujCRIwiyus6HOuoU95SPRn"
    "6YhKl5WSR+Ihj0xlv/IEaNGjsM6ROiwA3TMPESxkuY89X/qsGM2Z90A84dHKM6aJSkSXhQ9Iag65jI"
    "6/Unwvz54W/u5cvJAc4cGUhCdWh1EJ8aC544s3EtKjiSyPVy8qW7P7e+FBI07xjE+YeKSn3n/0EMzE"
    "va/0Tgztc+vd1ee70NGW/bDAV1vkwrtWD2WBa6NhDIN48Fh8X+jeY1PVbEjGDpUnsRyiTwzJg66n+I"
    "Hwr1S9hDMVSuaOUHz4AMp88YZjJFxXEuOu/nCOFxzNpUgGcuzKU7IXaMJcu617Hw87s3KfrBT4RiW+"
    "Ubmjn/7Kcyk/VaePpaSA3V6XiVuLaTKY2Q2N/awkGPtgHOiNg59DrZfYBam7lSbBONuuFmGMWKAO0Z"
    "VYglwm1kpOPAe7Difxoj2dyuVJLLLTwFc9c7kgh2sjDaZDubwMiVpsHx21RKGoeiFPObOJB32lzLOJ"
    "t4mQdfVRr9p1rOGUutt1rO0hr+VL1iN2A10dSMV6lYhsb7F6vvcrVUemsLcq1Vw3fUV3ak5dUc56vR"
    "ns94kjPIGZx/5FRsowV9tv4ZSiugmN+mXv6M6x75RVj4fCRi86M2vpcc1zUSXBfs9moq2YduWT1oP4"
    "400cm7g9BM1rBM0ryGfKd4iryGeeZmpKlgXY1CUBVwRckap1XGaQjEpdkdTdyvXcy7ar5YpEATfpB8"
    "ggn1xyla+g0lJ46EDcYf9OFqLMJ2JRdnw0kuFGMQKYFBkRPdvlujpusazzYCgNCsO5Lyu1sywZ9ST5"
    "z+mepcfAar7B1RyWHlh61rv0/EKw5w8J1tImL29WLjyTTLMaNZXh3tEP/AANF2o5kM/VVUmWN2yxLo"
    "SdmsxRSwnYRjHeRoE5C+as9c5Z78nis0z51MxY8a3K+UoecOPFrVZOV1+o77ihjYqREJUWK2U+wlwm"
    "fUvjlgl7V2U1H6DoN0LtGRNal2Jyd52F95WoeGG7ONdt7CmaifLP1BE/yTFhcWdhofguw2bRZNjdCb"
    "QbUbPdnOu0R1OqQUjH+JC9dqfrdQ3ELXAzJ9OLAchpGcC5Hs6BXEdMDa5ECIqku2ZyZfNlMTc7FGEp"
    "Ad9P+ffTHbP2xse+dj83ubfSsOVJsxqOuBD4gSOZNY+I5zEvSqacKFNRhmQl/1DAZ2ImJvZrcROFp8"
    "uqZhj5koqIY8cOw71h+yHWmLebfVSLYEBXzKinERxOFNwgry8vC1n/XV6r5PfaQMkpMdBvl/V7jx1X"
    "fIpSXxpOxNIYQF6sN0lnx0enr07PTl6eJkGA5EqV719MfFYlbGqFNDH0slL9Y8bZiK+0BK1pqWFaGO"
    "arrs1XHbHrv0TH1l+rxIKBxrrPtai08YOorcWWjescOxJbzkvDWpZxCVsy6g9FRdJRTdZ8wlKxZ8eP"
    "rHWZqCmj0w9UVo7p2FA2+yhtNDvKHM2dfpqhQFUZpVGDOOMgVRX+T3mGatn1bPeR+V9Op+qxudajqA"
    "qNL2UgPL6e8LhZrdw6a+S6tW6+qJODIlpVnOhRyEKBFJ8NnhYpZptHxzbLT0jL9BDk9dPgZKf0upGf"
    "rBRsouVTzVNrbO1M85QMAJqfZzsSm+wFmMAe1ATgvfDzMmoOyR6aqDkjCd5817TcFW+ei+vvxAigZQ"
    "eS5FocVHrzsq1lZxrXrSFHM+FZT1gQbpHdvRO4frq5uv5kvb/837vXISeJw9HYY8FMONfDBaLEUbtt"
    "YX0lFd62ymPRV3Cs9QmSbOYu+TNV1cedWKzukuKQJDYQHW96IMMCkmrFlm1liztVqXz3Bt35ePzaF2"
    "1DafkWX2l0uDFHc5kKJ1oI5YmWqpWMMoTbjXeE2uq01liUTWXfi1Bqim0ir5dHGobB6IGo+SGjsmUN"
    "dcZCTBs3YcJQMTCRlcj0Gj1MxSDSXZU20r9TukXF08L2ZqfEQLbftsIZy4FnsqQtpcBq6dx6lmW9TX"
    "2Jdb3+jBC4/TXc/hJ6jHKIy8gx+gDv0fFZnfK047Py+jR5DwIrEFjZN0Ah3XvTW+uxOW64DZaS6k1m"
    "yJaJ81RKgiHuSxlAvSFdIZXb1NQK/flmo7+8D9BKU63MPGdE7MYK0YiDLprpYjSRpEIyvGpJTtyGKq"
    "nqBTTTTDPC+p7OolOUDNVREAUdNPw6BI4uUVx8TfSgFQddNNQFHk1kjnITPeRFQQfNdBAWron3aqQG"
    "nTRoounMxH2LYsqMp6S0XCP0O7aB+uToZdVG5t9VCLRsm/PvcYB01RZnEkmtU5aoGofHTPh4rA5/oJ"
    "LtAsmtuzC3WB2hKFrcZXdb79RBFBP8SF4jTgi6E2OJuPxOV5G4oafUSFEu23gD1o0ufH0HFftwEN/e"
    "QDgWdr9g92tvd786slZfBLZYb85d4mkrjNK3K1froWpo4aRljeWaT+QRUmKZlKRUYQfyiCT521woW1"
    "K9qoOmJB0sUlRVcdaPTVznkXgLKUweidCUbqFee/8luT2yY3k77NRSh11ZgbJf1Su0W6Q7eyDz3rIJ"
    "dJtZEFhumuXCLL/DuuvUUqLLC9XgdhLPXj9wWdl4EBU5RifIqWxHmU8ZpiqKGUtmNhbnw+bdrKgUe1"
    "GrUuxFRaXYi7zJoZlJ63suGuEuH6g2+EKdb0jOH2/Q89CtjNYq5UpOsCR0jBYszTJnLN2J6FC4LhbU"
    "Wn2SUyLUaXX+RryRsBikLqQpgacyLbmot/Jm6z72KbXwqYeYfU1LmU6jfs5TCdniJyp6wZT9aDPxKh"
    "5PTgfSGYpGot34fGbEVI+JSJfV2MGoTkf8tOvAH7JvVz6ZDjRuWupupZfGVLt6/pms5RDy03AhkU6T"
    "aOA7NDxJSxZXMCTWGXUKrvCbiDOminfBd4ikXZC3w6IOfZnI+rpezeL25yDVf47uAYKlnQuWFpVV1y"
    "MuSkLQFEgYylyXOpG88jheIYddzmiG4zUlAgMVzqx5CmEa7vyfxvErN1uj5n2yWltx/nXEHv1M7gOO"
    "3V9Y4OkM0vTtSovUCxtak7hlwyrmz5c/fbk5/6AqjA+ESekuZOBe3LRtYguD8Y0wIGfyWAzkMjqW/5"
    "ded5QGKq6N6xYzr+dBK6qEV9UDq6FlFzcW8gkDZaXA8XUwgDtpAEPVbq+XQEgGgWLH7gMKxY6bLnZU"
    "S7gBwHH7HuK7/qylyLA0zgBfSkHm995FySO3Y1DukdTyRuo7ItHuHSVzad3Ho+cQXfk8RUEUWf8/RH"
    "vrMgfJs0N6Y2WXaV2P9XQtCZRuGLoncySToZRvoqLuVFx0XF80pYTYXOYwqyHa9mAUSGGCFKauWDvg"
    "GZh9TB0rnNl7x6CXeALR9BasVzj2cjsu2FTYN8xoP3Qp0UOMj+qw/h+Vk/4fFTj/IYqw6SEsD27Upc"
    "iuyKVMpPq0s7aOJEmIymxwXRsufMItR1OxVxWVSUtBVKZZymiIIQsM00YzYoB9M+ztwAtz0kxLGXKC"
    "gP/eRSQvZfXgQBOPDG8cVEUjSdKkVixSNU/HB/PBwDBEKKOGXLyLPEPZU6kL0SHKRFemsM6O6yTqxu"
    "mGxum5nY0xKoOWHzo2P6REHtcGoUYINe4+1Ah5wEu3rI6Ze1xu5h537ZywXsYdIY7bi1PCeomlXDyL"
    "SP56c/2pxK6P2ufXSGfko/8i1+EbM+xThskwcFzfofxQPnYXRonEJ7NcxlPqs4/nf+Rn27cfri/ymp"
    "AdXHTM1r+mIzIos/fVzdU2v8XidisN/1u5l8+ZjEoLLaC5zDdmrn0groX7/KENTpmvriM8Fpp5o4hO"
    "lImubHVpuot/VTt0F1DfcTXMZ5t9VIuUgxituqZM3H49psxu85Vzp8rWiS+LVhXnykbx5XJ/QOnM1C"
    "VIhLZyPh5QqOzd8XjvlpWbutkzfbty/rRzDVdOoL+r+Wg5rcUBC/SOSGZkcSWsTxa/qOJjLmtC3oRn"
    "2EniKB6fPj9m4j6+91Xcozh7bvA5TyVba98jKer/ButU3L6PLvcmdkIhpLHBjfzAM9rGj5o3grZjLm"
    "J+5J7WqRuXzSrG7mmhenzkzMTc7ZNvmnDrrbhasvmckeoD2lX21OUft9X+YmJOfbj+9HPcPO9E5jOt"
    "Rt5CvaVVFhGpSrnSCPdBC5ueTSaYW5yMPF2V4wVjLsFUj3hWMAf1UEhuaupOrmx3zF9cX3/IjPmLq/"
    "yg/vLx4lLAr9CPLOLXul1oCd2EYJtoj/laBXpKElA3QD2kjzUJDi4lWoUHOzajbCMOWPMkwaqhXnEw"
    "FIzzqnEumRBMRnlYfASjvN0od7iFhXP8qPErK4d5Rm6L4zx27/d2mAvLQ0JimWdFZCUhO6JzkdCMtz"
    "uzG6o5Kwlq7pyauxfwvvGxr90zLLQ5qBn6luTXfs0dxF/YPD7vQNJr+gzhDB3nmB3ELEbJsQhzzwmj"
    "1G9EY8mRJM81GhI0dTgXY6cY/d7UQ1qEvrvKMvk0CpgjLRNDnqmMGKRDN0xH99hsZoz8Ughwb4a7i7"
    "lvJSO4gW2h7WArO+pgYTQ0JEOVhd9OY41nxEHfndc38TxmVB+flerfBsJJre3ek4rt3pPidu8StKYf"
    "VloYPqsuf1b32HED2V9BzaUGS1qkNxZLK+rgPKDyoGvhSemSJ6s/noIwfDxd/ng84nuLBnNkWg403G"
    "UNszk1I+RJBPpna6yftMAlmAvzu1Hic14WvqOufUcdiQefE88ZTQaaKHB056Aq9ouXbVYFfMsVu+Y8"
    "4qdCFt/SJiuPkT4Sz/R085RID7NaN3LWqPyoDBCOmvcQ3aNaTvpRhZN+pOO4pr72rMLyzJCUyPbrI/"
    "c8N2Sni9n3/wc/NimN"
)
