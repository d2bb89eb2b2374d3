"""Keys that go elsewhere than their project are not active for a release that does not know them.

Such a release reads `is_active` alone, and would send a key with an address, a provider, a prefix,
an authentication or names of its own to its project's address. From now on a key is in use where
`in_use` says so, and `is_active` follows it for keys without anything of their own, by a trigger.
What such a release writes to `is_active` goes the other way.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

# Whether a key has nothing that a release before would not know of.
_PLAIN = " AND ".join(
    f'{{row}}"{name}" IS NULL'
    for name in ("base_url", "v1_prefix", "provider", "auth", "model_map")
)
_NEW = _PLAIN.format(row="new.")


async def upgrade(db: BaseDBAsyncClient) -> str:
    return f"""
ALTER TABLE "upstream_key" ADD COLUMN "in_use" INT;

UPDATE "upstream_key" SET "in_use" = "is_active",
    "is_active" = "is_active" AND {_PLAIN.format(row="")};

CREATE TRIGGER "upstream_key_in_use_insert" AFTER INSERT ON "upstream_key" BEGIN
    UPDATE "upstream_key" SET "in_use" = coalesce(new."in_use", new."is_active"),
        "is_active" = coalesce(new."in_use", new."is_active") AND {_NEW}
        WHERE "id" = new."id";
END;

-- Where `is_active` alone has changed, a release before wrote it.
CREATE TRIGGER "upstream_key_in_use_update"
    AFTER UPDATE OF "is_active", "in_use", "base_url", "v1_prefix", "provider", "auth", "model_map"
    ON "upstream_key" WHEN new."is_active" IS NOT (new."in_use" AND {_NEW}) BEGIN
    UPDATE "upstream_key" SET
        "in_use" = CASE
            WHEN new."is_active" IS NOT old."is_active" AND new."in_use" IS old."in_use"
            THEN new."is_active" ELSE new."in_use" END,
        "is_active" = CASE
            WHEN new."is_active" IS NOT old."is_active" AND new."in_use" IS old."in_use"
            THEN new."is_active" ELSE new."in_use" END AND {_NEW}
        WHERE "id" = new."id";
END;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TRIGGER "upstream_key_in_use_update";
DROP TRIGGER "upstream_key_in_use_insert";
ALTER TABLE "upstream_key" DROP COLUMN "in_use";
"""


MODELS_STATE = (
    "eJztXf1z2zbS/lcw+qW5GdcTf8bN3dyMnbitm8TuxM7bvpd0aEiEJZwpQiVIK5o2//sBIE"
    "XxWwSoD4remU5qk1iQfhYEdhe7D/7q8T8d6pP9Xz32XzLwe6/RXz0Xj4n4IXtrD/XwZLK4"
    "IS/4uO+otpNEoz73Paz6esAOJ+KSTfjAoxOfMlc2fksc4lN3iJhL0CMhE478EUEem+4hzs"
    "TP2Ecjyn3mzRD38Ywjj2BbPmoPYddGxMOccER9LqRnfF8+1WYD8VjR6boeELj0z4BYPhsS"
    "0ZcnHvP5D3GZujb5Svj818mj9UCJY6eApLbsQF23/NlEXfv06ertj6qlfPm+NWBOMHYXrS"
    "czf8TcuHkQUHtfysh7Q+KKN/SJnYDYDRwnUsb8UvjG4oLvBSR+VXtxwSYPOHCkonr/egjc"
    "gdQPGjObOHyf2nzfJVOL2v+O3jDR2rKub+6s28s7y+rl1CvfJKOQ6NKAuXJoUNeXeP31Le"
    "x3gYu62pMPePPz+ccXR6f/UEgw7g89dVOh1vumBLGPQ1GF/QJs9f8c3G9G2CuGe94+A7h4"
    "UROo5xcWWC++gTl8c4DWAGlvjL9aDnGH/kj8evjyZQXG/3f+UcEsWimcmfhow4/5Orp1GN"
    "6TeC/wdegTsXRBTgkZIR0NWY0xvdswiwn1idrE00E5KdPB4Xx6XAPm0+NSlOWtNMh9Mc1b"
    "gefogJyUWclIbhXGhy+Pz2oN5uOzitEsb6aRptwSJoGYBfJQXzDmEOyWLIZJuQzcfSG4rk"
    "E9n002u+xd3Ny8lz2PuTCx1IWruwzKnz5cXH58caDAj+wwcfnq+i4DuEfEH8t9bk2IZ42p"
    "G/gF0F+5fjHsJdIZBYi/aAfH+1C+xPeHB8evjs+OTo/PRBP1nvGVVxUaygMtP58J9rDjEM"
    "ea46YBdak8gJ0HW6DEpsS2QiM1j/IvtzfXxTDnJTP42nTgo7+RI9yC3cO5AkQJSWpOmU/U"
    "Lz6c/56dw9+8v7nI2tyyg4sSPTCPDqlrpIiEKGjCXBNPB9bEIw/0q44NkxLqohGzBoP8AV"
    "OHPRUZ5OVjPSkDg9x8kFPOHKxeUmOQp4Q25w71XOaSfMgkvrqKAV7HRC+3z3PGeSJ4p+Fq"
    "zkVg/qgXN2ED7SGclAGYa8EcuGPiE48UhFzLcU4JbXCqULbQusKra50y+oE9JEV+TvlimB"
    "CBtdB8LZwwhw4o0YI+KQPYm2M/8IjExsIFa+VbccenY1KsgbRkVgeR6P78hx0M1Vao4u7q"
    "w+Xt3fmHX1P6eHt+dynvHKqrs8zVF6cZHcWdoN+u7n5G8lf0n5vry6za4nZ3/+nJd8KBzy"
    "yXTS1sJzGZX55fSq8hE9tQzWlJUHOr1WzLXWIjNaclV6Dm3ZlXd0LLcif+4TGxPSwv9PHg"
    "cYo920rdWQwHudNfsDsRSf347iMpdyfDTIlPEwEiweN3ZLa7n/biajQuU9+Mzx5JUbxPB6"
    "Y72UeXAJKjix2ysvGWvzU+HGevYBcP1Z8kny2fVDCmCpJzMkOuPEEniBpaj1HLpVk6oks0"
    "FtrxKHaQQ/ATkVk0lMs0GmSTgTebCNUh5jozJMBgCKOhh10/TKFxyRPxouuu+I9PiZdP1F"
    "nTM5bn6nxORjCo3fsDknfakLwjUCBau/GxwAa99s047GuJjoyiXcS68M7bdzCb5OC0BrwH"
    "Wctlga68lfEO6URMNj75WgDxnbha4hmmpDoBdJX5ePn7XbVbHluP72+uf5o3z/rqaeCJqx"
    "YK8ZZydbOKZuzyIV4ovC41bC9JbfXDfUrocFQw1EszHRYCRqkNRqP8YF3grjixwTg/yrUC"
    "DslRmslRMdpWnzwwD5LSNoR7nwWu6J7pzM9Jme7tgR3VsvKOKqy8o6LcYco86s805uakyO"
    "Zm55dZjF+2Z0aG3OBN5QZDClMR1l2pKWg1zKsvKcCB6FgD33n77mF7cFhnthCtyn2Ow9xc"
    "oQJc1hhP8hiXb3+nhGD/G/a/YcuscmM0Co0XBlLKQ99pqVWGwNur2iWh7tw+ZI2cyx+FP0"
    "qH7jsyUzBfiVfB7qCwcDJXn72bwOY21MRlD0/jvZjMyBIIhPvvSgHnt2/O3172vpXv8G5i"
    "dy7c0qzYn4v3PGvs0Plx26V7dL/JSnYsi9TRFHNEvg5G2BVvih6Yt4cC16cOoj4irl1QJa"
    "8r3KACviwsWz6blMZiN7eZpp4k/znesV00zgJvoFWfvZDoxAbEuo182OmBnZ42qWHdWz0P"
    "xB+MjOz+tCTY/a22+8nXCRXdGag5LbkZNW9yL3XXtayRELlOc7nUTK5hHmtYxVc+R5wMPC"
    "L+jz3F+8QRe5AcUNRDbOruoT4Z4IATYf56zFf5imhK/RGS1ZoOnqCRMIj9KUPKQlaDN2c+"
    "r+0pkL22o9lr7aeegtw1sPAKLbwWLf27E2PfiaU/TQr0JFZREzs+LQlabrOW5VRRTkR0QY"
    "eVXEQdpSD64fDw6OjV4cuj07OT41evTs5exgki+VtVmSIXVz/JZJGUdvPZI38GwuCzyIQN"
    "CnaDS/HPSG0xEaelaZIhQDLNRm9gp+U6g+uGBzVwym1omAOnHHDKbR3nbXHKEdeeMPUSBq"
    "pICYM2mmuDToz0EImBBsw1ABQ7QLHz/LCPrBWBbFAU7qsy8nOiYOeb2fkOFigG3ChQlJWF"
    "UFGbQ0WQ0Pss1AwJvZDQ252E3kT2QLj9XmAm6NIR3aqeOgT5WkmJkpCVZXMsEF2S02HxRc"
    "ulqR13I4JsOhRmnky1wFECxj66X2xD3iMqEzNEA1ed+sUcW50DptoX5mHkczvW95g6yR1h"
    "qgskdbQiqSMcBnnAyxMPFhKrST1o0VFXq0+lhsSD52CAgp/xLNQcrud6y1NSBnyMah8jzo"
    "Ft6GF0jYEz618kx1SrygW5uP4h3PouKhZM3K60mwPZMLGHXs9ulqE5dHyGRizwCsoBi5sU"
    "2Kufe/1g8Bha7GlPLvUtJ4gjlA0of5hvz4XGbVFGcyQdPUG0+pzqdX5dyzauChoXTjwFke"
    "JomLXXTttgpLjcWF4MDJ01PjGcYH1v8/oOccSVOZxgNK0NUDg6eQN+e7yk10U4FuggvGup"
    "d4ltJQ2QkzKAcz2czVLlG2dVQp5Bj3ge8zRxX8gA6maoDxxKXN8yAT8nCjow00HM9WOihQ"
    "Jh0IOZHqg7YOOJig5pqSAtB+gbfgXuo/A0JYO5DGeZrcPlfYBWTLUy8eiA2MYKKRDfaUrp"
    "Ta/Pwrofqh0va8QcUzVU9QLaqK+NiScmet8qPfesQgU5UZiRDL+IcK2VxF0meigUB10Y6g"
    "IrPi8jPWRFQQemdbiYM1e8l5EaiqRBE6YzE/ctF7tMe0pKynWoKnfD+PdnPuEWLciJqEI/"
    "KQUjvwnyLNCs0UqJAfZm2Pv+Q996qQf8QgZQb4D6gQHqB4B6Q9QPDVA/BNQbon5kgPoRoN"
    "4Q9WMD1I8B9YaonxigfgKoN0T91AD1U0C9IeqvDFB/Bag3RP3MAPUzQL0h6j8YoP4DoN7U"
    "SzJxTg/AO22Mu5F7Cv5pY9xNHNQD8FAb427ioh6Aj9oYdxMn9QC81Aa4Sw6JEcG2btw3LQ"
    "foN0Rfc4FNywH6DdHXXGbTcoB+Q/Q1F9u0HKDfEH3NJTctB+g3RF8zPpyWA/Qboq8ZJ07L"
    "AfoN0deMF6flAP2G6GvGjdNygH5D9DXjx2k5QL+pt2Xq7EIseTX4G7u74O+uBH9Thxdiy6"
    "vB39TlhRjzavA3dXoh1qyLf451cIsMeT+zwOuV8eOpm3vL2fFG83ZLufEuxagRI0XoIU+K"
    "l7kHbHjAhgdseA0UA2x4wIYHbHjAhrdhKIENb9dZ2oAND9jwuud1ARvetlEHNrzt6wDY8N"
    "qhB2DDAzY80Aqw4bUJf2DDa5M2gA1v+zoANrwW6QLY8LauA2DDa4smgA1vu/gDG952kQc2"
    "vG1gD2x4W0Md2PCADe+5oA5seMCG91xQBzY8YMN7LqgDGx6w4T0X1IEND9jwnhHuwIYHbH"
    "jPCXdgwwM2vOeBO7DhtQJ9YMPbJvrAhrdN9IENb5voAxveNtEHNrxtog9seNtEH9jwtok+"
    "sOFtE31gw9sm+sCGB2x4zxp/YMPbLv7Ahrdd/IENb1P4t4QN72NYpvieDXsFdHiJu3tVfH"
    "hRsaPlRA2XEuKdI4fYQ+Ih4vrebA9hjjDy2HQfXfkcURtRjvwRQVHH36lr2BXXXcQ8Wwiy"
    "B6SYynoZva6w6y/uF1ex86EH6vjRDSHpUO6jkezXRWqQiqvYF8+zuexENqH2HuIsvI7RRG"
    "CPXDIVj/v+gXpCmvIvric+nPih/5QviV3RLnq6fM3EJSr6fnEv/t1XHVhUVpre/6OMMnAJ"
    "25/4N8f0N78W8wbNL3Af+wFPXmGBP2AhOZy8pMUNWM6xtXp2reUEgb1/PQTuQI5KpJ4k/z"
    "n+d29Ns0sTuq1yDkCszf+HgfsPuP+6o1rg/gPuv61CuW7uP2Cm2wwz3VjYT6xgbqggWYwl"
    "OojxwWkNiA+ya+QCYXkLSCw3O4QXxnoa4tsxdpxSP34htTkXfp04h1780eGr09hvl79Uee"
    "q3H87fvy8IjSxcnbpjNiHSxVFbZ3U7LF/dDnOrm2IS0wE4FuggvGc10D0rBfcsi+3W2ZSA"
    "NeN1i/iUQBuvW8CoBFp43RpOJdDFa2BV2jb+u8Sq1FHwd4VYqXPwq1KlIo91aX1TA4cVZh"
    "254RMIhKRRqYt+RhAGf/PEC10VZARBBc28AWvqUZ+YuwQ5eZiVVqGPg1FjlaS6AK2YagUH"
    "NmXC1pwEZsGkYnnQRzN9COuzmUJyHYBGTDVCx/I8DPMvpFge9NFMHw2+kJIOQCOmGpmSvs"
    "UJ9sTirKmKrCTooNm6wYl4GdtoxUiIghZMtcCJ90QHwl+geolTWTmj/c+2aSC1/Xl0WGP/"
    "8+iwdANU3sqMeJdPiWdpZ55k5bqH9VryT9SWAGeBN9Da0s+IdQ/s1ScFxqcSDsQQ1cE6Jw"
    "hoL0f7kcw004YXEg2ShluG8mpyhrHvk/Gk6IC1X25vrstKFhYy2cIFOvDR36oqp1OISjBk"
    "z3Gxwnx8vvhw/nt26L55f3ORhV52cFF42J3W1BxLdG+eqDNNlM8SapJoSR3fubDO/csn4v"
    "q9gjq+xN29qjo+aeP7FokbLq3ju3FlOZxL5qVxEmknX5NX3qxO7Zp4A6aG2rz+DKuKreQV"
    "X47RZHVbN2rSlPXJ92XZn0um4s+D0jQoTdt+aVr8QdZ2puYCHczYXYsbtZjhNCCOJDqI8e"
    "rt+WjBUCBpoJwR6yDUq4/ApNZmTaAL198OGJ7rib2MJFuAlluVEGnkVRmN6YSh0w+o41OX"
    "78vHbsPIWYuzRSc6Qz5s3b2xvvrJe043ojelpKUA5+U4Q/HbWipi2xIysMfU/cSV052PGM"
    "Q39yoDBrKZFczbLef9cREeDFjg+iE3zhjPEKdDV/HmMBUbUF0qyhxeQO6jL788wgCxgjbE"
    "CuQgUj9rzDZJmdVMN8sh39xkc1LHRhStyqebk5yNOMGcT5mYOkaYj3Sgzgl2cHo/PDmpY5"
    "WfnJRb5fJexlhhjtaYnrffHL7hLL6u2WLdnBKUWzL28VQA8gUTWGK3ZLpOymXA7gvBdaE9"
    "n1A2OzFf3Ny8T/k3F1eZNJXrTx8uLgX2CvpoqX9dmKHtEQmJpR/cTUtCkLfVQV4Hh4SOwr"
    "7T13ROeAXKbpnz1SVdx4t7GA8y+bZLuoCPvHWK13A/kymLnAucinJGI8kf330kDi7bhEh4"
    "lbdhV7ur+cXVaFb6tnY3fY5ZmaeewHSZs84TTWvw9ErvmtjfC5e677Gp8Lf20Z3wsgeMPV"
    "LyHUeciFVdEtoi7jOP2JJvl/oc2VQ44D5irjMr4uhdVbd18gdUeAIyAlrh5Yf60/GHFhKd"
    "8/BXH7EF27yzy3bONueEGJvmCVlQdatVTb5OqOjOQNFpyc2oeZNzaZe0DDvFayqSEKafJe"
    "xqPe7ktNQGA7GbicEe10o+Oa5IPjnOJ58ozPRM6YQI8KoX7Qun0c1D+6PwjIQf9Y7MFMBX"
    "4j2wW1xBVbCru5u45pxvcdnD09ivS44qAYDwlkgYyH5zfvvm/O1l79t2dts/qBtjMafcyV"
    "ryXoEnn22yV+XMj+PGYXF6PX/+I3kSjW3hPxOOsEfQI5n4e+r4m0dCJnIDnXpIvtdrpIoB"
    "5Mk5wgefEPyojqHx8878ivqEffr2zER7FR687h59d/fnay2jBxXL6EF+GYX4yFrtwZHmKR"
    "rz9h1Mdlj9TjwfML1s+lgA4K0BL8T2TFa6nQsFqPicMGJNFJ2VhV33NmvaCw1nAz2nJUHL"
    "bdNySzK8f2GB52LnV8apX7J7nG2yV+Vz/jdsbE2SrZf6nB/YE7HnB6Ny8XhZ/u3ysGBR7u"
    "v6auM3cH3i8fmRqX3sD0ZIwCyusLzPuYI+5emuH6UjKl1WlzwRD3lkLPuVR7eKHoV1jhTL"
    "N3pgHiJYyHIfe770WTGaMu+ReMKjlYfDEpWILgsfkNQccpg7/OLiB3lorPB3p+KF5AgPxi"
    "Q8ajaMSogHTakv3khID0ayPF69qGzNHh6EB424iyd8xMQjPfX+g8dgIu59ce/F0D633l59"
    "vA8dbdkPC3y1RS68a/VQFjg26s9hEA8eiu8LPXhsrJr1yZC68giFfXTNkDyhdowfCf/iqp"
    "egY6FkToXiwwe4zBdvOETCdSVz3NUfzvGMo6kUSUGOHXm87QyNmGM3de/nw06v3CctBb5R"
    "iW9U7ugnv/JMyk/VsUEJKaClLsrErUURF0xsQ2M/LQnGPhgHxcbBT6HWS+yCxN1Kk2CYbl"
    "eLMCY+jN1hYq3kxKPYoZzMF+3xWC5PYpEdB77qmS/OUneDcV8uL32iFtsnqpYoFFUvZCln"
    "1vGgL646r30dIevqMxoL1zHDKXW761jT0xnLl6wn7ARFdSAV61UssrnF6uXOr1QtmcLeqF"
    "TzoukrulNz6opy1uvNYL+NqPAEonPWpWGutt/CKUV1Exr1i97RPbXvlVWP+8JGzzszK+lx"
    "xXNRJTN2x2aijZh25ZPWo/jjdRybeXsImtcImleQz5TvEFeRzzzP1JQ0faeuSwKuCLgiVe"
    "u4zCAZlLoiibuV67mXblfLFYkCbtIPkEE+ueQqX0GlpfDQgbjH/r0sRJmOxKJMfTSQ4UYx"
    "ApgUGZBitstVddxgWedBXxoUmnNfWmprWTLqSfKf4x1Lj4HVfI2rOSw9sPSsdun5mWDP7x"
    "NcSJu8uFm58IxSzWrUVIZ7R9/xPdSfqeVAPreoSrK8YYN1IexUZ45aSMA2ivY2CsxZMGet"
    "ds56R2YfZcpnwYw1v1U5X8mTKbx5q6XT1SfXp05oo2IkRKXF6jIfYS6TvqVxy4S9q7Ka91"
    "D0G3HtCRNal2Jyd52F95WoeGE7P9et7SkFE+XnxNkc8fk+887CQvFths2iybC9E2g7ombb"
    "OZBlh6ZUjZCO9ulYzY7FahuIG+BmjqcXDZCTMoBzPZwDuY7oGlyxEBRJt83kSufLYq53KM"
    "JCAr6f8u+nPWbtrY/9wv3c+N5Sw5bHzWo44kLgO45k1jwinse8KJlypExFGZKV/EMBn4iZ"
    "mNivxU0UHgupmmHkSyoijqkdhnvD9n1cYN6u91ENggFtMaOeR3A4VrBBXl9WFrL+27xWye"
    "/VQMkJMdBvm/X7gKkjPkWprwJOxNIYQFasM0lnhwfHr47Pjk6P4yBAfKXK988nPqsSNrVC"
    "6hh6aanuMeOsxVdagGZaapgUhvmqbfNVS+z6T9F50zcqsaBXYN1nWlTa+PHp1WzRuM6xI3"
    "PLeWFYyzIuYUtG/aGoSDqqyZqOWCL2TP3IWpeJmjI6/ejKyrEiNpT1Pqowmh1ljmZOP01R"
    "oKqM0qjBPOMgURX+hzxDteh6qd/gsWmh31AVAF/IQBB8NUFwvYq4VVbCtWt1PKmTaSJaVZ"
    "zbkcs1gUSeNZ4JKaasJ2rrZSEkZToI8urJbtLrQt34TloKtsqyCeWJlbR2PnlCBgDNzrMt"
    "iUB2AkzgCDIBeCe8uZSaQ0oHEzWnJMFnb5uW2+Kzc3H9rRgBbtmxI5kWe5U+u2xr2anGdS"
    "vF0UT4zyMWhBth928Frte3VzfX1rvL/79/HTKPUI6GHgsmwoXuz5BLqNpTC6soXeFTq2yV"
    "4jqNlT5BUsrcx3+mqu24F4vVfVwCEkcAokNM96TzLwlVbNlWtrhX9cj35c5+Pxg8EvXxpv"
    "BclDGnzLek5RHm7ORjA2mJVK/Rw1R4INlVYSNIlGtljGAxYHTWiYUUmAKtWyTShLGJT7Gu"
    "K50SAl+6hi9dwixRDnEZr0QX4D04PKtT2XV4Vl7aJe9BtAKiFbsGKGRKr3tX2iPiLy3Mqq"
    "jcW0pIdSapYsOcc2o3XxP3hQygbsj058odXtcKnWSz0V/eB2jFVCsTjw6IbayQAnHQhZku"
    "BiPJxyNjlpakkzVUSVUvoBkzzQjrezyJDiDSVEdOFHRg+HUIHB2iaOxM9FAoDrow1AUejG"
    "R6r4kesqKgAzMdhDVf4r2M1FAkDZownZm4b7nYZdpTUlLOCP2W7Uo+O2bWi8AeEv/cIV5h"
    "wm/y9l7VzmFfNbRw3LJGUR8fyRMd2IPiiAg7kCcWyN+mQv+SeU2d+yDZ2ZBijphvz9nEoU"
    "/Em0lh8kSE8ooq+Vbef8k+n+xY3g47tdTZE8LDk5fUKzRjqmjt+Yg7W9zXbqIfKDo3219b"
    "fId1I74LiTaHfHt3o/ns9R2XhQZ7Uc1BdKCLSkuQiQ9hobKYsWQiRH4+NO9mSUr3Sa2U7p"
    "OKlO6TbGi5YCatb5UUCLf5fJPeJ5d+RXL++Cd6GR5ZFK1VqjZlhCW/UrRgFSxz2tKtsDjD"
    "dTGn1uqDFWKhVqvzV+INhMUgdSFNCTyW+UN5vZU3W/UpDImFTz1E72tayLQa9XOVlTVDU2"
    "nGiZ9c0YtwTL63mXgVj8dk/UWGopZoOz6fCdHVYyzSZjWCn1bmp50TTyzWvQIXLbpT6Z3h"
    "RZtlflm5ClZ8cMVzySpsWHBfcYYO8XTTyRIibTZ5jasL12CKyo9KA+GoeQfRPaiVQ3JQkU"
    "NykM8hEU/0C5eyX25vrsuCjrFI1iGnAx/9jRzKd3FJqwBXgpFyw+eYvvhw/nsW7jfvby6y"
    "/rXs4GLbi9m3/wEVeV3B"
)
