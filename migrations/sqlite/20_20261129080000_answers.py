"""Answers that are kept, in settings, log and counters; endpoints allowed by hand.

The release before fills none of it; a row of its own was looked for in no cache.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "project" ADD COLUMN "cache" JSON;
ALTER TABLE "project" ADD COLUMN "allowed_endpoints" JSON;
ALTER TABLE "project" ADD COLUMN "extra_endpoints" JSON;
ALTER TABLE "request_log" ADD COLUMN "cache" VARCHAR(8) NOT NULL DEFAULT '';
ALTER TABLE "request_log" ADD COLUMN "saved_nanos" BIGINT;
ALTER TABLE "usage_minute" ADD COLUMN "cached_requests" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_minute" ADD COLUMN "cache_misses" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_minute" ADD COLUMN "saved_nanos" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_hour" ADD COLUMN "cached_requests" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_hour" ADD COLUMN "cache_misses" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_hour" ADD COLUMN "saved_nanos" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_dimension" ADD COLUMN "cached_requests" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_dimension" ADD COLUMN "cache_misses" BIGINT NOT NULL DEFAULT 0;
ALTER TABLE "usage_dimension" ADD COLUMN "saved_nanos" BIGINT NOT NULL DEFAULT 0;
CREATE TABLE "project_cache" (
    "project_id" CHAR(36) PRIMARY KEY NOT NULL,
    "epoch" BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX "request_log_cached" ON "request_log" ("id") WHERE "cache" = 'hit';
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "request_log_cached";
DROP TABLE "project_cache";
ALTER TABLE "usage_dimension" DROP COLUMN "saved_nanos";
ALTER TABLE "usage_dimension" DROP COLUMN "cache_misses";
ALTER TABLE "usage_dimension" DROP COLUMN "cached_requests";
ALTER TABLE "usage_hour" DROP COLUMN "saved_nanos";
ALTER TABLE "usage_hour" DROP COLUMN "cache_misses";
ALTER TABLE "usage_hour" DROP COLUMN "cached_requests";
ALTER TABLE "usage_minute" DROP COLUMN "saved_nanos";
ALTER TABLE "usage_minute" DROP COLUMN "cache_misses";
ALTER TABLE "usage_minute" DROP COLUMN "cached_requests";
ALTER TABLE "request_log" DROP COLUMN "saved_nanos";
ALTER TABLE "request_log" DROP COLUMN "cache";
ALTER TABLE "project" DROP COLUMN "extra_endpoints";
ALTER TABLE "project" DROP COLUMN "allowed_endpoints";
ALTER TABLE "project" DROP COLUMN "cache";
"""


MODELS_STATE = (
    "eJztXf1z2zbS/lcw+qV9Z1xP/JXk0pubsRO3dZvEndi59r3mhoZEWOKZInQEacXvXf/3FwA/xA+QIk"
    "BRouid6aQ2iQXpZ0Fgd7H74D8j9m/XCcjhrz79F5kEozfoPyMPzwn/oXjrAI3wYrG6IS4EeOzKtotM"
    "ozELfCz7uscuI/ySTdjEdxaBQz3R+B1xSeB4U0Q9gh4IWTAUzAjy6fIAMcp/xgGaOSyg/hNiAX5iyC"
    "fYFo86QNizEfExIww5AePST+xQPNWmE/5Y3mlXDwg9598hsQI6Jbwvnz/mj3/yy45nk6+EJb8uHqx7"
    "h7h2DkjHFh3I61bwtJDXPn++eveDbClefmxNqBvOvVXrxVMwo17aPAwd+1DIiHtT4vE3DIidgdgLXT"
    "dWRnIpemN+IfBDkr6qvbpgk3scukJRo7/eh95E6AfNqU1cdujY7NAjS8ux/xa/Yaa1ZX28vrVuLm8t"
    "a1RSr3iTgkLiSxPqiaHheIHA6z9/Rv2ucJFXR+IBb386//Ttycv/kUhQFkx9eVOiNvpTCuIAR6IS+x"
    "XY8v8luN/OsK+GO2lfAJy/qAnUyYUV1qtvIIEvAagDSEdz/NVyiTcNZvzX4xcvajD++/knCTNvJXGm"
    "/KONPuaP8a3j6J7Ae4Wv6zwSSxfknJAR0vGQ1RjT+w0zn1AfHZv4OihnZQY4nF+eNoD55WklyuJWHu"
    "Qxn+at0Hd1QM7KbGQk9wrj4xenrxsN5tPXNaNZ3Mwj7TCLmwR8FihDfUGpS7BXsRhm5Qpwj7lgV4M6"
    "mU22u+xdXF+/Fz3PGTex5IWr2wLKnz9cXH769kiCH9th/PLVx9sC4D7hfywLmLUgvjV3vDBQQH/lBW"
    "rYK6QLCuB/0R6O96l4ie+Oj05fnb4+eXn6mjeR75leeVWjoTLQ4vNZYB+7LnGtBDcNqCvlAewy2Bwl"
    "uiS2FRmpZZR/vrn+qIa5LFnA13YmAfovcrlbsH8414AoIMnNKclE/e2H89+Lc/jb99cXRZtbdHBRoQ"
    "fqO1PHM1JERhQ0Ya6JxyNr4ZN756uODZMTGqIR04FBfo8dlz6qDPLqsZ6VgUFuPsgdRl0sX1JjkOeE"
    "tucOjTzqkXLIJL26iQHexESvts9LxnkmeKfhaiYiMH80i5vQifYQzsoAzI1gDr05CYhPFCHXapxzQl"
    "ucKqQt1FV4tdMpg3i2FTLuHN77dG6Nqf2k6dirO9iih59eyUKv3rDomWs/Du0pUfmY1YZIRgTsEHM7"
    "ZEFdZ+IQLeizMoC9OfYTPJkpQljVwKcCgHp7R59P1wsqX0JDA0ph0Ia5NshX/nAzXShEQRMtZiOfCG"
    "wsrPCa3vE7gTMnFdNSTrKog1j0MPmhK+tnN6q4vfpweXN7/uHXnD7end9eijvH8upT4eq3Lws6SjtB"
    "v13d/oTEr+gf1x8vi2pL293+YyTeCYcBtTy6tLCdxSS5nFzKexML21DNeUlQc6/VbIt8ISM15yU3oO"
    "b9mVf3QssiJ+v+IZMoJC6M8eRhiX3byt1ZDQeR86VwZ2OpH375RKoDi1HO3OcFB5Hg+S/kaX8/7dXV"
    "eFzmvpmAPhDVzo8OTLeijyEBJEYXPaZV4618a348L17BHp7KP0k8WzxJMaYUaZqFIVedqhnGDa2HuO"
    "XafE3eJZpz7fgOdpFL8CMR+ZQOEwmVyCYT/2nBVYeo5z4hDgZFGE197AVRMqVHHokfX/f4f2xJ/HLK"
    "ZkfPWJ+1+Uc2lu3Yo39CGmcf0jg5CkQrLysV2GL8djuh207i5LM4n6QpvEn7AeYVHr1sAO9R0XJZoS"
    "tuFbxDZ8Enm4D73GWIb/nVCs8wJzUIoOvMx8vfb+vd8tR6fH/98cekedFXL25LyIWCv6VY3SzVjF09"
    "xJXCXalhd+nKmx/uS+JMZ4qhXpnzthIwSnIzGuVHXYG74RQ340xZT+ynbXkTbe/TZFO0rTG5pz6kJ2"
    "9rD5OGHu+e6szPWZnhZUOcNLLyTmqsvBNVFYlDfSdQbM5Xzs1Zke3Nzi+KGL/oz4wMVSLbqhKBZFYV"
    "1kOpLus1zJsvLsMh71gD36T98LA9Om4yW/BW1T7HcWmukAEua44XZYyrd8FzQrD/DfvfsGVWuzEah8"
    "aVgZTq0HdeapMh8P6qdk2ou7QP2SD7/gfujzpT7xfyJGG+4q+CvYmyhL7E1LGfwJY21PhlHy/TvZjC"
    "yOIIRPvvUgHnN2/P312O/qze4d3G7ly0pVmzP5fueTbYoQvStmv36H4TnCZY0JWgJWaIfJ3MsMffFN"
    "1T/wCFXuC4yAkQ8WwFX4qucAsulKqwbPVsUhmL3d5mmnyS+Od0z3bRGA39iRZTx0piEBsQXRv5sNMD"
    "Oz19UkPXWz33JJjMjOz+vCTY/b22+8nXhcO7M1BzXnI7at7mXuq+a1kjIbJLc7nSTG5gHmtYxVcBQ4"
    "xMfML/j33JAMgQvRdsgI6P6NI7QGMywSEj3Pz1aSDzFdHSCWZI1O27eIFm3CAOlhRJC1kO3pL53NlT"
    "IHttT7PX+k9CCLlrYOEpLbweLf37E2Pfi6U/Tw/3yFdREzs+Lwla7rOWxVRRTUl34UxrWekGSkb3l+"
    "Pjk5NXxy9OXr4+O3316uz1izRBpHyrLlPk4upHkSyS0245e+TfITf4LLKgE8VucCX+BakdJuL0NE0y"
    "Akik2egN7LzcYHDd8qAGdtEtDXNgFwV20Z3jDKQjoA3bchZGeojFQAPmGgjwVAv6pD1gbo45kKwByd"
    "rzwz62EDmyoSrEWudYlUTBtzLzrVzMUQyZUXCuKAvhuT6H5yCJ+lmoGZKoIYl6OEnUmYyNKOVBYSbo"
    "UkDdyJ4GBHmnRFBZyKoyaFaIrsmjsdiq5dp0mtsZQbYz5WaeSG/BcdLLIbpbbf3eIUckw/AGnjxzk7"
    "q2PIVTtlfmvpTzabp7TJOEmii9CBJpepFIEw2DMuDVyR4ric2ke/TooMnNp69DssdzMEDBz3gWao7W"
    "c73lKSsDPka9j5HmHbf0MIbGelr0L7Jjqlclmoxf/xClG6gKNDO3a+3mUDTM5C00s5tFaA6dvkYzGv"
    "qKEkx1E4W9+sdoHE4eIos978nlvuUMWYe0AcUPyZZoZNyqsshj6fgJvNUfuV6T61q2cV3QWDnxKCLF"
    "8TDrr522xUhxtbG8Ghg6a3xmOMH63uf1HeKIG3M4wWjqDNCdUEv1Dcqu/fZ0SW+KcCowQHg7qTFKbS"
    "UNkLMygHMznM3KE1pnskKewYj4PvU1cV/JAOpmqE9ch3iBZQJ+SRR0YKaDlF/JRAsKYdCDmR4cb0Ln"
    "Cxkd0lJBXg7QN/wKvAfuaQrWeBHOMluHq/sArZhqZeE7E2IbK0Qhvtc03tten7l1P5U7XtaMuqZqqO"
    "sFtKGhDSw5owyVUBYG7DWxt+YOY6pc/LXAZyQB9eaoM/zIx6yHPaoJekEQMG+O+cLn5mRgVZ5oWYN6"
    "SRTsHsPZJrLoBSWjiR6U4qCLVquukR6KoqADU4YFzKjH38tIDSpp0ITpzMQCkwU5LzcgvoUt4z9+Cg"
    "izHEXmVR36WSkY+W2Qp6FmJWhODLA3wz4I7sfWCz3gVzKAegvUjwxQPwLUW6J+bID6MaDeEvUTA9RP"
    "APWWqJ8aoH4KqLdE/cwA9TNAvSXqLw1Qfwmot0T9lQHqrwD1lqi/NkD9NaDeEvW/GKD+F0C9rZdk4p"
    "wegXfaGncj9xT809a4mzioR+ChtsbdxEU9Ah+1Ne4mTuoReKktcBdMNTOCbd24b14O0G+JvuYCm5cD"
    "9Fuir7nM5uUA/Zboay62eTlAvyX6mktuXg7Qb4m+Znw4Lwfot0RfM06clwP0W6KvGS/OywH6LdHXjB"
    "vn5QD9luhrxo/zcoB+W2/L1NmFWPJm8Dd2d8Hf3Qj+pg4vxJY3g7+pywsx5s3gb+r0QqxZF/8St+kO"
    "eTh/oqE/qmLhlDcP1nNwzpJ2axk4L/mo4SOF66FMvVm4B5ybwLkJnJstFAOcm8C5CZybwLm5ZSiBc3"
    "PfuSCBcxM4N4fndQHn5q5RB87N3esAODf7oQfg3ATOTdAKcG72CX/g3OyVNoBzEzg3nxXqwLkJnJvP"
    "0e4Bzs0e6QI4N3euA+Dc7IsmgHNzt/gD5+ZukQfOzV1gD5ybO0MdODeBc/O5oA6cm8C5+VxQB85N4N"
    "x8LqgD5yZwbj4X1IFzEzg3nxHuwLkJnJvPCXfg3ATOzeeBO3Bu9gJ94NzcJfrAublL9IFzc5foA+fm"
    "LtEHzs1dog+cm7tEHzg3d4k+cG7uEn3g3Nwl+sC5CZybzxp/4NzcLf7Aublb/IFzc1v494Rz81NUkP"
    "ueTkcK0s3M3YM61s24rNdy44ZraTfPkUvsKfER8QL/6QBhhjDy6fIQXQUMOTZyGApmBMUdfyOvYY9f"
    "9xD1bS5I75HkQxwV9LrBrr94XzzJAYruHTeIb3BJ12EBmol+PSQHKb+KA/48m4lORBPHPkCMRtcxWn"
    "DskUeW/HHf3Ts+l3bYF8/nH0760O/FS2KPt4ufLl4zc8nhfX97x/89lB1Yjqhnv/ufKmLSNZyi/N8S"
    "n2hyLWUnSy6wAAchy16hYTChEQWluKTFQFrN5Ld5Dr/1NKSjv96H3kSMSiSfJP45/duoo9mlDalfNd"
    "Mo1mYZxcAwCgyjw1EtMIwCw+hOoeyaYRT4L7fDfznn9hNVzA01VK6pxAAxPnrZAOKj4hq5QljcAqrc"
    "7Q7hlbGeh/hmjl23mq8mldqeC98lzpEXf3L86mXqt4tf6jz1mw/n798rQiMrV6fpmM2IDHHUNlndjq"
    "tXt+PS6ib5CnUATgUGCO/rBui+rgT3dRHbnbMpAWvGmx7xKYE23vSAUQm08KY3nEqgizfAqrRr/PeJ"
    "VWmg4O8LsdLg4JelSiqPdW19UwuHFWYdseETcoSEUamLfkEQBn/7xAtdFRQEQQXtvAFr6TsBMXcJSv"
    "IwK21CH0ez1irJdQFaMdUKDm2HcltzEZoFk9TyoI92+uDWZzuFlDoAjZhqxJmLU3fMvxC1POijnT5a"
    "fCEVHYBGTDWyJGOLEezzxVlTFUVJ0EG7dYMR/jK20YqREQUtmGqBEf/RmXB/wdFLnCrKGe1/9k0Due"
    "3Pk+MG+58nx5UboOJWYcR7bEl8SzvzpCg3PKw7yT+RWwKMhv5Ea0u/IDY8sDefFJiefTrhQ1QH65Ig"
    "oL0e7QfypJk2vJJokTTcM5Q3kzOMg4DMF6oTBH++uf5YVbKwkikWLjiTAP1XVuUMClEBhug5LVZIxu"
    "e3H85/Lw7dt++vL4rQiw4ulEdqak3NqcTw5okm00T1LFGaJHxyHzLsas/IRbnhAb35CTnAU60JJGkP"
    "k4f55EE8seGk57NkZYY3ro+OmyRs8lbVSfLHpaRNuX+hNUUnAttLiB2NSvhuDNQN58Du9BTXvo3e51"
    "bffh7aTnD5SLxgpKhvz9w9qKtvF7GvwCJpw7X17deeKBP3SFIyLlTglmvVq5s1qenmb0DlB57UZWNZ"
    "yZy9EgjbLVv1PYxabRmVYYeiHN4jS/7nQck2lGzvvmQ7/SAbBxkTgQFWsnQSXlzNcBoQxxIDxLgLt0"
    "ouGBIkDZQLYgOEevM7E7m1WRNo5fo7AH+qmz2JmWDR0YoWZERaBQzMfKuVoTMOHTdwPHYoHrsLI6eT"
    "OIKz0BnyUevhjfXNT94JDZfelJKXApzX4wxF4Z0wRfQlZGDPHe8zk053OWKQ3jyoDRiIZmncswEfno"
    "fwZEJDL4g44+b4CTFn6kk+OSpjA7JLSSXHFKR3+vLrIwwQK+hDrEAMIvmzxmyTldnMdLMe8u1NNmdN"
    "bETeqnq6OSvZiAvM2JLyqWOG2UwH6pLgAKf347OzJlb52Vm1VS7uFYwV6uptksbtt7jHIafMrmaLrr"
    "mWHGaJ2MejAuQLyrHEXsV0nZUrgD3mgl2hnUwo252YL66v3+f8m4urwnbGx88fLi459hL6eKl/o6xc"
    "8omAxNIP7uYlIcjb6yCviyOiY27f6Wu6JLwBZffM+RqSrtPFPYoHmXzbFV3AR947xWu4n9lUfsY4Tq"
    "rMgljyh18+ERdXbUJkvMqbqKv91fzqajwr/dm5m55gVuWpZzBd56yzTNMG/PXCuyb2d9ylHvt0yf2t"
    "Q3TLvewJpQ8O+YYhRviqLojeEQuoT2zBQ+8EDNkOd8ADRD33ScVdv6lum+QPyPAEZAT0wsuP9KfjD6"
    "0kBufhbz5iC7b5YJftkm3OCDE2zTOyoOpeq5p8XTi8OwNF5yW3o+ZtzqVD0jLsFHdUPMhNP4vb1Xpn"
    "CuSldpps3kk1UKPkk9Oa5JPTcvKJxEzPlM6IwHkjqn3hPLplaH/gnhH3o34hTxLgK/4e2FNXFit2df"
    "cT15LzzS/7eJn6ddlRxQHg3hKJAtlvz2/enr+7HP25m932D/LGnM8pt4JjZaTw5ItNDuqc+XnaOCJt"
    "aebPfyKPvLHN/WfCEPYJeiCL4EAeC/dAyEJsoDs+Eu/1BsliAHGiHPfBFwQ/yOPZgrIzv6E+YZ++Pz"
    "PRQY0Hr7tHP9z9+UbL6FHNMnpUXkYhPtKpPTjTPF0qaT/AZIfN78SzCdXLpk8FAN4G8EJsz2Sl27tQ"
    "gIzPcSPWRNFFWdh177Om/chwNtBzXhK03Dct9yTD+2ca+h52f6XMCSp2j4tNDup8zn9Fja1FtvVan/"
    "MDfSR2cmA4448X5d8eiwoWxb5uIDd+Qy8gPkuOEh/jYDJDHGZ+hZZ9zg30KU49/yQcUeGyeuSR+Mgn"
    "c9GvONKc98itcyRPv0D31EcEc1kWYD8QPitGS+o/EJ97tOLQdCIT0UXhAxKaQy71pl88fC8OU+f+7p"
    "K/kBjh4ZxER7BHUQn+oKUT8Dfi0pOZKI+XLypa0/t77kEj5uEFm1H+SF++/+QhXPB7X7w7PrTPrXdX"
    "n+4iR1v0Q8NAbpFz71o+lIaujcYJDPzBU/59oXufzmWzMZk6njha6BB9pEic3D7HD4R98eRLOHOuZO"
    "ZwxUcP8GjA33CKuOtKEtzlH87wE0NLIZKDHLvi2PcnNKOu3da9T4adXrlPXgp8owrfqNrRz37lhZSf"
    "uuP0MlJwXIMqE7cRdWq4sA2N/bwkGPtgHKiNgx8jrVfYBZm7tSbBNN+uEWEMX6AO0RVfglzK10pGfA"
    "e7DiPJoj2fi+WJL7LzMJA9M7EgR2ujF87HYnkZE7nYPjpyiUJx9UKRcqaLB33xqG8Tv4uQdf3Zxcp1"
    "zHBK3e061vbU4uol6xG7oaoOpGa9SkW2t1i92PuVqidT2FuZaq6avuI7DaeuOGe92Qz228zhnsDCp/"
    "8iE2mYy+23aEqR3URG/ap3dOfYd9Kqx2Nuo5edmY30uOG5qPbEiIHNRFsx7aonrQf+x+s4Nkl7CJo3"
    "CJrXkM9U7xDXkc88z9SUPK21rksCrgi4InXruMggmVS6Ipm7teu5n2/XyBWJA27CDxBBPrHkSl9Bpq"
    "WwyIG4w8GdKERZzvii7ARoIsKNfARQITIharbLTXXcYlln4VgYFJpzX15qZ1ky8knin9M9S4+B1bzD"
    "1RyWHlh6Nrv0/ESwH4wJVtImr27WLjyzXLMGNZXR3tE37ACNn+RyIJ6rqpKsbthiXYg61ZmjVhKwja"
    "K9jQJzFsxZm52zfiFPn0TKp2LGSm7VzlfixCY/abV2uvrsBY4b2agYcVFhsXo0QJiJpG9h3FJu78qs"
    "5gMU/0Y8e0G51oWY2F2n0X0pyl/YLs91nT1FMVH+kTmzKj33LuksKhTfZdgsngz7O4H2I2q2m4PK9m"
    "hK1QjpaJ8a2e64yL6BuAVu5nR60QA5KwM4N8M5FOuIrsGVCkGRdN9Mrny+LGZ6hyKsJOD7qf5++mPW"
    "3gQ4UO7npvfWGrYsbdbAEecC3zAksuYR8X3qx8mUM2kqipCs4B8K2YLPxMR+w2+i6Lhk2QyjQFARMe"
    "zYUbg3aj/GCvO220e1CAb0xYx6HsHhVMEGeX1FWcj67/NaJb5XAyVnxEC/fdbvPXZc/ikKfSk4EStj"
    "AEWxwSSdHR+dvjp9ffLyNA0CpFfqfP9y4rMsYZMrpI6hl5caHjNOJ77SCjTTUsOsMMxXfZuvemLXf1"
    "5wUAmeX8vEgpHCui+0qLXxw7itRVeNmxw7kljOK8NalHFxWzLuD8VF0nFN1nJGM7FnJ4itdZGoKaLT"
    "D56oHFOxoXT7KGU0O84cLZx+mqNAlRmlcYMk4yBTFf5PcYZq1fV897H5X02n6tOl0qOoC42vZCA8vp"
    "nwuF6t3CZr5Pq1bp41yUHhrWpO9ChloUCKT4enRfLZ5tGx9fITsjIDBHnzNDj5Kb1p5CcvBZtoxVTz"
    "zBrbONM8IwOAFufZnsQmBwEmsAeZALwXfl5OzRHZg4mac5LgzfdNy33x5hm//o6PAK/qQJJCi4Nab1"
    "60texc46Y15GjBPesZDaMtsrt3HNePN1fXH61fLv/37k3ESeIwNPVpuODO9fgJecSRu21RfaXHvW2Z"
    "x6Ku4NjoEwTZzF36Z8qqjzu+WN2lxSFpbCA+3vRAhAUE1Yot2ooWd7JS+e57dBfg6ZuAt42kxVt88e"
    "LDjRlailQ43oIrj7eUrUSUIdpuvCOeLU9rTUTpXPT9FEnNsU3E9epIwzicPBA5P+RUtqqhzlmIWeMm"
    "ShgqBybyErle44fJGES2q8pG6nfKtqh5WtRe75QYyPbbVjhjNfB0lrSVFFgtvVvP8qy3mS+xqdefEw"
    "K3v4HbX0GPUQ1xFTnGEOA9On7dpDzt+HV1fZq4B4EVCKzsG6CQ7t311npijmtug2WkBpMZsmXiPJmS"
    "oIn7SgZQN6Qr9MQ2tWdF/rzZ6K/uA7RiqpWF70yIbawQhTjowkwXk5kgFRLhVUtw4hqqpK4X0IyhZv"
    "BkZvyNKIR3qIcXe4m9NXcYIybAZyQB9eaoM/zIx6yHPaoJekEQMG+OOffx54v4rDZN1EuiMNMbzjYc"
    "R5dIxk8TPSjFQRetVl0jPRRFQQdmOojKY/l7GalBJQ2aMJ2ZWGCyIOfljNDvWZrGsyOxlukSf5cbLV"
    "XJFH9PtmHWJVKk+zVNip9l4+gwmwBP5REznuDUQSJBIKpgkAe18hZ3+ZyOO3nczYwbg28QIwTd8bFE"
    "XHanqnvu6CkNCiGqtveB26cPX99BzW4/7KJ1sOkDe+ywx763e+w9WasvQpuvN+cu8ZV1jNnbtav1WD"
    "a0cNqywXLNZuKgOr5MCuq7qANxEJv4bcmVLQil5XF2gnQaSUK8JLfQJq7zSPwnIUweCdeUaqHeeP8V"
    "GYSiY3E76tSSR+pZobRf5Su0W6R7e+z73nKW9Ju/FLi0zDLuVt9h03VqJdHnhWp0O0tmr2+YqJ8+iE"
    "up43MqZU61yNqOEqL5jCXyp8vzoXk3a+pRzxrVo57V1KOeFU0OxUza3HNRCPf52MbRZ8/5isT88T16"
    "EbmV8VolXckZFrSx8YKlWOa0pXsRHYrWxZJa68+LS4V6rc5fiT/hFoPQhTAl8FwUP5T1Vt1s04fLZR"
    "Y++RC9r2kl02vUz1mm7IP/5PFesEe/syl/FZ+lZ5CpDEUt0X58Pguiq8dUpM9q7GFUpyd+2nUYjOnX"
    "q4DMRwo3LXO31kujsl0z/0xUjHH5ebSQCKeJNwgcLzqvT5RwUcTXGXnWNvebiDP1JLtL4BBB7iJuR6"
    "Vj6mK0zXW9nivyj1Gm/wKpDARLexcsLSurqUdcloSgKVC9VLkuTSJ51XG8UqWMmNE0x2tGBAYqnIz1"
    "HMI0zPk/heNXbbbGzYdktbZiFu2JPfqJ3IcMuz/R0FcZpNnbtRapHzW0ZklLQ66ET5c/fL45fy95DA"
    "64Sek+icA9v2nbxOYG4/fcgFyIw3eQS72p+L/wuuMkZ35t2pQyYTMPWsNFsI51QA4tu7yxUEwYqCIc"
    "SK6DAdxLAxi4AQa9BEIyCJRU9x9QKKnuuqRaLuEaACftB4jv5rOWYsNSOwN8JQWZ33sXJY/djlG1R9"
    "LIG2nuiMS7dx5ZCus+GT2H6CpgGaKz2Pr/Jt5bFzlIvh2RqEu7TOl6bKZrQdN2Q9E9WSKRDCV9Exl1"
    "9/hFxw14U48Qm4kcZjlE2x6/BClMkMLUF2sHPAO9j6lnhTN77xgMEk+gs9+C9QqH627HBZtz+4Zq7Y"
    "euJAaI8VGTs0WOqo8WOSqdLAJRhK6HsDgeVpUiuyaXMpUa0s7aJpIkISrT4bo2fgoIsxxFxV5dVCYr"
    "BVEZs5TRCEMaaqaN5sQAezPs7dCPctJ0SxkKgoD/3kUkL0X14EgRj4xuHNRFI0napFEsUjbPxgeLwc"
    "AoRCiihoy/izip3ZepC/FR7URVprDJjpsk6ibphtrpub2NMUqDlh06Njv0iDgUEkKNEGrcfagR8oBX"
    "blkTM/e42sw97ttphIOMO0IcdxBnEQ4SS7F4lpH8+eb6Y4VdH7cvrpHOJED/Ra7DOjPsM4bJOHTcwP"
    "HYoXjsLowSgU9uuUym1G8/nP9enG3fvr++KGpCdHDRM1v/2puQUZW9L2+ut/ktmrRba/jfir18RkVU"
    "mmsBLUW+MXXtA34t2uePbHCPBvI6wlOume8l0Yk00aWtLkx3/q9sh+5CL3BcBfNZt49qkXKQoNXUlE"
    "nab8aU2W2+cuHs6ibxZd6q5vTqOL5c7Q9Inem6BKnQVk7hBAqVvTuE892qclM1e2Zv186fdqHh2gn0"
    "Nzkfraa1JGCB3hHBjMyvRPXJ/BdZfMxETcj30UmZgjiKyQmOT31Tyu/j+0DGPcqzZ4fPeS7ZWvseSZ"
    "H/11inkvZDdLm72AmFkEaHG/mhr7WNHzc3grZnLmJx5J42qRsXzWrG7mmpenziLPjcHZCvinDrLb9a"
    "sfmckxoC2nX21OXvt/X+YmpOvb/++GPSvOhEFjOtJv6TfEurKiJSl3KlEB6CFrqeTWaYWYxMfFWV4w"
    "WlLsGeGvG8YAHqMZfsaupOr2x3zF9cX7/PjfmLq+Kg/vzh4pLDL9GPLeI3ql1oAd2MYJsoDxNcB3pG"
    "ElDXQD2ij9UJDq4kWoUHezajbCMO2PC80rqhXnPsGYzzunEumBB0RnlUfASjvN0od5iFuXP8qPAra4"
    "d5Tm6L4zxx7/d2mHPLQ0Bi6WdF5CUhO6J3kdCct7uwDdWclwQ1907N/Qt43wQ4UO4ZltocNAx9C/Lr"
    "oOEO4k90mZx3IOg1A4pwjo5zSg8SFqP0WISl70RR6u95Y8GRJM41GhMkDi/lY6cc/e7qIS1C331lmX"
    "weBcyxlokmz1RODNKhDdPRfbpYaCO/EgLczXB3MQusdAQb2BbKDrayow4WhqEhGaks+naMNZ4TB333"
    "Xt/E96lWfXxeangbCCeNtntParZ7T8rbvSvQTD+srDB8Vn3+rO6x44aiv5KaKw2WrMhgLJZW1MFFQM"
    "VB19yTUiVP1n88JWH4ePr88fgk8J8M5sisHGi4zxqmS0+PkCcVGJ6tsXnSApdgxs1vo8Tnoix8R337"
    "jnoSD778OsMhi5ReLh5Jbx7UFo/kmq2N/N5kk5FDPkxRuEByTUd3OLg7RHeijoMvAHeiwXJGPJF/PC"
    "YTUeQtzrwXiQoH4ny0pTxm0FMwWXb0DCV/PgvHmfrJ5exJwY+f5HyKuwL8lQiQ4feTDD+v1aYx+rwU"
    "kHtDqvT2khvjuaUptnFzgLYBtEBGMRi7K1/b75pExzNiYFf3Tb89sat/jUg13uLJTJljkbtfa10n9B"
    "yTtOlaC/scxUJo6fDxGQZxJkPEoSSL+hyfBYgs6GR2gF4oDic26aFFVkTfzqZ5HtkQUnt6TkYqssPY"
    "9ot98C16Mg+dE9+ZzFQzUHyndu7BqzbrJp1qFWy4Tvi5+L8t91yqv/pH4rO4Tr2pr5ARGaC/cHx21q"
    "S08uysurJS3Cu4DPyj0kA4bj5AdI8abcIf1WzCH6nOsPICouKpr678yIhsn/9oz2s/drqY/fn/wyGd"
    "1A=="
)
