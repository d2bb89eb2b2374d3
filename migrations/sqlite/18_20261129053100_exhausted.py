"""Tokens that have used up what they may use, and requests by the code of their upstream's error.

Triggers keep the rows of tokens whose `max_requests` is reached, whatever writes the token; the
rows of budgets are written by the release itself. What was used up before is no news to anybody.
Whoever rebuilds "token" makes its triggers again.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True

_NOW = "strftime('%Y-%m-%d %H:%M:%f', 'now') || '000+00:00'"


async def upgrade(db: BaseDBAsyncClient) -> str:
    return f"""
CREATE TABLE "exhausted" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "subject_id" CHAR(36) NOT NULL,
    "kind" VARCHAR(16) NOT NULL,
    "why" VARCHAR(16) NOT NULL,
    "at" TIMESTAMP NOT NULL,
    "told_at" TIMESTAMP,
    CONSTRAINT "uid_exhausted_why" UNIQUE ("subject_id", "why")
);
CREATE INDEX "idx_exhausted_listed" ON "exhausted" ("kind", "why", "subject_id");
CREATE INDEX "idx_exhausted_untold" ON "exhausted" ("at") WHERE "told_at" IS NULL;
INSERT INTO "exhausted" ("subject_id", "kind", "why", "at", "told_at")
    SELECT "id", 'token', 'requests', {_NOW}, {_NOW} FROM "token"
    WHERE "request_count" >= "max_requests";
CREATE TRIGGER "token_exhausted_insert" AFTER INSERT ON "token"
WHEN new."request_count" >= new."max_requests"
BEGIN
    INSERT INTO "exhausted" ("subject_id", "kind", "why", "at", "told_at")
        VALUES (new."id", 'token', 'requests', {_NOW}, {_NOW}) ON CONFLICT DO NOTHING;
END;
CREATE TRIGGER "token_exhausted_update" AFTER UPDATE OF "request_count", "max_requests" ON "token"
WHEN (new."request_count" >= coalesce(new."max_requests", 9223372036854775807))
    <> (old."request_count" >= coalesce(old."max_requests", 9223372036854775807))
BEGIN
    DELETE FROM "exhausted" WHERE "subject_id" = new."id" AND "why" = 'requests';
    INSERT INTO "exhausted" ("subject_id", "kind", "why", "at")
        SELECT new."id", 'token', 'requests', {_NOW}
        WHERE new."request_count" >= new."max_requests";
END;
CREATE TRIGGER "token_exhausted_delete" AFTER DELETE ON "token"
BEGIN
    DELETE FROM "exhausted" WHERE "subject_id" = old."id";
END;
CREATE INDEX "request_log_upstream_code" ON "request_log" ("upstream_code", "id")
    WHERE "upstream_code" IS NOT NULL;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "request_log_upstream_code";
DROP TRIGGER "token_exhausted_delete";
DROP TRIGGER "token_exhausted_update";
DROP TRIGGER "token_exhausted_insert";
DROP TABLE "exhausted";
"""


MODELS_STATE = (
    "eJztXWtz3Day/Suo+ZLcKkVlvWytvbVVkq0kSmwrZcmb3I23KMwQmuGKA8wSpMZzd/3fLwA+"
    "hg+QQ5Dz4FBdlXIkEg1Sp0Ggu9F98J8B/7fr+OTwN4/9i4z8wWv0nwHFUyJ+yN86QAM8my1v"
    "yAs+Hrqq7SzVaMh9D6u+HrDLibhkEz7ynJnvMCobvyMu8R06RowS9EjIjCN/QpDH5geIM/Ez"
    "9tHE4T7zFoj7eMGRR7AtH3WAMLUR8TAnHDk+F9ILfiifarOReKzodFMPCKjz74BYPhsT0Zcn"
    "HvPnP8Vlh9rkK+Hxr7NH68Ehrp0B0rFlB+q65S9m6trnz9fvflQt5csPrRFzgyldtp4t/Amj"
    "SfMgcOxDKSPvjQkVb+gTOwUxDVw3UkZ8KXxjccH3ApK8qr28YJMHHLhSUYO/PgR0JPWDpswm"
    "Lj90bH5Iydxy7L9Fb5hqbVkfb+6s26s7yxoU1CvfJKeQ6NKIUTk0HOpLvP7zLex3iYu6OpAP"
    "ePvzxafvT17+j0KCcX/sqZsKtcE3JYh9HIoq7Jdgq/8X4H47wZ4e7rh9DnDxok2gji8ssV5+"
    "AzF8MUAbgHQwxV8tl9CxPxG/Hr94UYHx3y8+KZhFK4UzEx9t+DF/jG4dh/ck3kt8XeeJWKYg"
    "Z4QaIR0NWYMxvd8wiwn1ybGJZ4JyWqaHw/nlaQ2YX56WoixvZUEeimneCjzXBOS0zFpGcqcw"
    "Pn5xel5rMJ+eV4xmeTOLtMMtYRKIWaAI9SVjLsG0ZDFMy+XgHgrBTQ3qeDbZ7rJ3eXPzXvY8"
    "5cLEUheu73Iof/5wefXp+yMFfmSHicvXH+9ygHtE/LHc59aMeNbUoYGvgf6a+nrYS6RzChB/"
    "0R6O97F8iR+Oj05fnZ6fvDw9F03UeyZXXlVoqAi0/Hxm2MOuS1wrxs0A6lJ5ALsItkCJzYlt"
    "hUZqEeVfbm8+6mEuSubwtZ2Rj/6LXOEW7B/OFSBKSDJzSjxRf//h4o/8HP72/c1l3uaWHVyW"
    "6IF5ztihjRSREgVNNNfE05E188iD89XEhskI9dGI2YBB/oAdlz3pDPLysZ6WgUHefJA7nLlY"
    "vaTBIM8Ibc8dGlBGSTFkklxdxwCvY6KX2+cF4zwVvDNwNWMRmD/qxU3YyHgIp2UA5lowB3RK"
    "fOIRTci1HOeM0BanCmULbSq8utEpg1DbCrhwDh88NrWGzF4YOvb6Drbo4SdX0tDrNyw65toP"
    "A3tMdD5muSGSEgE7pLkdMmOuM3KIEfRpGcC+OfYjj0hsLKyxU96JO74zJXoNZCXzOohED+Mf"
    "9jBMXqGKu+sPV7d3Fx9+y+jj3cXdlbxzrK4ucle/f5nTUdIJ+v367mckf0X/uPl4lVdb0u7u"
    "HwP5TjjwmUXZ3MJ2GpP4cnwpu37P7IZqzkqCmjutZlvu0DdSc1ZyDWren3l1L7QssyAeHlNb"
    "8/LCEI8e59izrcyd5XCQWRYaAzKS+vHXT6TclQ+zVD7PBIgET38li/39tJdXo3GZ+WZ89kh0"
    "sVYTmO5kH30CSI4udszKxlvx1vR4mr+CKR6rP0k++9uBdkxpEqNyQ648OSqIGlqPUcuVGVKi"
    "SzQV2vEc7CLhRD0RmcHkcJnChGwy8hYzoTrEqLtAAgyGMBp7mPph+hIlT8SLrlPxH58Tr5gk"
    "taFnrM6T+jMdPXLswT8hcaoLiVMCBWKUCZEIbDFisp1gyUYiU5NoB7cuvHH7HmbyHL2sAe9R"
    "3nJZoitv5bxDZyYmG5981UB8J66WeIYZqV4AXWU+Xv1xV+2WJ9bj+5uPP8XN8756PhCoFgrx"
    "lnJ1s3QzdvkQ1wpvSg27SxBc/3CfE2c80Qz10iyTpUCjtJJGo/xoU+CuOamkcW4alRHsLYet"
    "9z4xLUHbGpIH5kFC4LZ2DVhARffMZH5Oy/Rv//GklpV3UmHlnejyth3mOb5mO6x0bk6LbG92"
    "fpHH+EV3ZmTIy95WXjakj+mw7ks9R6dhXn85Bw5Exwb4xu37h+3RcZ3ZQrQq9zmOC3OFCnBZ"
    "UzwrYly+/Z0Rgv1v2P+GLbPKjdEoNK4NpJSHvrNS6wyBd1e1K0LdhX3IGvmuPwp/1BnTX8lC"
    "wXwtXgXTkbZotVAbv5/AFjbUxGUPz5O9mNzIEgiE++9KARe3by/eXQ2+le/wbmN3LtzSrNif"
    "S/Y8a+zQ+UnblXt0v0sWASwJAtAcc0S+jiaYijdFD8w7QAH1HRc5PiLU1jAUmAq3YB8oC8uW"
    "zyalsdjtbaapJ8l/TvdsF42zwBsZ1cYvJXqxAbFpIx92emCnp0tq2PRWzwPxR5NGdn9WEuz+"
    "Ttv95OvMEd01UHNWcjtq3uZe6r5r2SAhcpPmcqmZXMM8NrCKr32OOBl5RPwfe4pziyP2IPm3"
    "HA+xOT1AQzLCASfC/PWYr/IV0dzxJ0hWyrp4hibCIPbnDCkLWQ3egvm8sadA9tqeZq91n/YL"
    "ctfAwtNaeB1a+vcnxr4XS3+WkOlJrKJN7PisJGi5y1qWU0U5CdSlM67kgeop/dNfjo9PTl4d"
    "vzh5eX52+urV2fmLJEGkeKsqU+Ty+ieZLJLRbjF75N+BMPgsMmMjzW5wKf45qR0m4nQ0TTIE"
    "SKbZmA3srFxvcN3yoAY+vy0Nc+DzAz6/neO87eSSGE1C7RlTL9FAFRlh0EZ7bTizRnqIxEAD"
    "zTXg47ER9HF7wLw55kBrBLRGzw/7yEIUyAa6EGuVY1UQBd+qmW/lYoFiwBsF5/KyEJ7rcngO"
    "kqifhZohiRqSqPuTRJ3K2AhTHjRmgikF1K3qqUeQb5QIKg1ZWQbNEtEVeTQWX7ZcmU5zNyHI"
    "dsbCzJPpLThKejlE98ut33vkyGQY0YCqU+6Ya6tz71R7be5LMZ9mc4+pk1ATphdBIk0nEmnC"
    "YVAEvDzZYymxnnSPDh3ttv70dUj2eA4GKPgZz0LN4XputjylZcDHqPYxkrzjlh5G31hP8/5F"
    "ekx1qkSTi+sfwnQDXYFm6nal3RzIhqm8hXp2swzNodNzNGGBpynB1DfR2Kt/DobB6DG02LOe"
    "XOZbTpF1KBtQ/hBviYbGrS6LPJKOniBa/ZnpNb5uZBtXBY21E48mUhwNs+7aaVuMFJcby8uB"
    "YbLGp4YTrO9dXt8hjrg2hxOMpo0BCkeFb8FvT5b0uggnAj2EdyM1RomtZAByWgZwrodzs/KE"
    "1pmskGcwIJ7HPEPclzKAejPUR65DqG81Ab8gCjpopoOEX6mJFjTCoIdmenDoiE1nKjpkpIKs"
    "HKDf8Cugj8LTlKzxMpzVbB0u7wO00lQrM88ZEbuxQjTie03jve31WVj3Y7XjZU2Y21QNVb2A"
    "NuprY+aJid63Ss+aq1BBQRRmpIZfRLjWSrK0JnrQioMuGuoCKw61RnrIi4IOmtY+Y86oeK9G"
    "atBJgyaazkzctyimzHhKSsv1qBJ6y/gPFz7hlqPJiahCPy0FI78N8iwwrNHKiAH2zbD3/Yeh"
    "9cIM+KUMoN4C9aMGqB8B6i1RP26A+jGg3hL1kwaonwDqLVE/bYD6KaDeEvWzBqifAeotUX/Z"
    "APWXgHpL1F81QP0VoN4S9fMGqJ8D6i1R/0sD1P8CqLf1kpo4p0fgnbbGvZF7Cv5pa9ybOKhH"
    "4KG2xr2Ji3oEPmpr3Js4qUfgpbbAXXJITAi2TeO+WTlAvyX6hgtsVg7Qb4m+4TKblQP0W6Jv"
    "uNhm5QD9lugbLrlZOUC/JfqG8eGsHKDfEn3DOHFWDtBvib5hvDgrB+i3RN8wbpyVA/Rbom8Y"
    "P87KAfptva2mzi7EkteDf2N3F/zdteDf1OGF2PJ68G/q8kKMeT34N3V6IdZsin+BdXCHDHk/"
    "s8AblPHjqZsHq9nxJnG7ldx4V2LUiJEi9FAkxcvdAzY8YMMDNrwWigE2PGDDAzY8YMPbMpTA"
    "hrfvLG3AhgdseP3zuoANb9eoAxve7nUAbHjd0AOw4QEbHmgF2PC6hD+w4XVJG8CGt3sdABte"
    "h3QBbHg71wGw4XVFE8CGt1v8gQ1vt8gDG94usAc2vJ2hDmx4wIb3XFAHNjxgw3suqAMbHrDh"
    "PRfUgQ0P2PCeC+rAhgdseM8Id2DDAza854Q7sOEBG97zwB3Y8DqBPrDh7RJ9YMPbJfrAhrdL"
    "9IENb5foAxveLtEHNrxdog9seLtEH9jwdok+sOHtEn1gwwM2vGeNP7Dh7RZ/YMPbLf7Ahrct"
    "/DvChvcpLFN8z8YDDR1e6u5BFR9eVOxouVHDlYR4F8gl9ph4iFDfWxwgzBFGHpsfomufI8dG"
    "Dkf+hKCo4+/UNUzFdYqYZwtB9oAUU9kgp9c1dv2FfqGKnQ89OK4f3RCSrsN9NJH9UqQGqbiK"
    "ffE8m8tOZBPHPkCchdcxmgnsESVz8bgfHhxPSDv8C/XEh5M89I18SUxFu+jp8jVTlxzR9/f3"
    "4t9D1YHlyErT+/8powxcwfYn/i0w/cXXEt6g+AL3sR/w9BUW+CMWksPJS0bcgOUcW+tn11pN"
    "EDj460NAR3JUIvUk+c/p3wYbml3a0G2VcwBiY/4/DNx/wP3XH9UC9x9w/+0Uyk1z/wEz3XaY"
    "6abCfmKauaGCZDGR6CHGRy9rQHyUXyOXCMtbQGK53SG8NNazEN9OseuW+vFLqe258JvEOfTi"
    "T45fvUz8dvlLlad+++Hi/XtNaGTp6tQdsymRPo7aOqvbcfnqdlxY3RSTmAnAiUAP4T2vge55"
    "KbjneWx3zqYErBmvO8SnBNp43QFGJdDC685wKoEuXgOr0q7x3ydWpZ6Cvy/ESr2DX5Uq6TzW"
    "lfVNLRxWmHXkhk8gEJJGpSn6OUEY/O0TL0xVkBMEFbTzBqy55/ikuUtQkIdZaR36OJq0Vkmm"
    "C9BKU63gwHaYsDVnQbNgkl4e9NFOH8L6bKeQQgegkaYacabyPIzmX4heHvTRTh8tvpCSDkAj"
    "TTUyJ0OLE+yJxdlQFXlJ0EG7dYMT8TJ2oxUjJQpaaKoFTrwnZyT8BccscSov12j/s2sayGx/"
    "nhzX2P88OS7dAJW3ciOe8jnxLOPMk7xc/7DeSP6J2hLgLPBGRlv6ObH+gb3+pMDkVMKRGKIm"
    "WBcEAe3VaD+ShWHa8FKiRdJwx1BeT84w9n0ynekOWPvl9uZjWcnCUiZfuOCMfPRfVZXTK0Ql"
    "GLLnpFghHp/ff7j4Iz90376/ucxDLzu41B52ZzQ1JxL9myfqTBPls0RhkvDIQ8Cxazwj5+X6"
    "B/T6J2Qfj40mkLg9TB7NJw9C5YaTmc+SlunfuD46rpOwKVqVJ8kfq6TNjpQDXwgn3796ItQf"
    "aMqBU3cPqsqBZajAt0jScGU58A2VVbWUxBW2Em+3WNpb3qxOCax4A6YGXFzGilXhZ/qKL5e6"
    "dJFsP0pblRPLD2X1MCVz8edBhStUuO6+wjX5IGvHZGKBHib+byQas5zhDCCOJHqI8SasULVg"
    "KJAMUM6J9RDq9QdyM2uzIdDa9bcH5udmQrgTSTpi5FylRFr5V43GdMrQGQaO6zuUH8rH7sLI"
    "2Yjb5cxMhnzYun9jff2Td8xaZDalZKUA59U4Qw3tRgrruxIysKcO/cyV012MGCQ3DyoDBrJZ"
    "EiaqQR9GER6NWED9kGJriheIO2Oq6LeYig2oLhXzFtdwhJnLr44wQKygC7ECOYjUzwazTVpm"
    "PdPNasi3N9mc1bERRavy6easYCPOMOdzJqaOCeYTE6gLgj2c3o/PzupY5Wdn5Va5vJczVphr"
    "tqcUtd8evuEsvqnZYtPUNA63ZOzjSQPyJRNYYloyXaflcmAPheCm0I4nlO1OzJc3N+8z/s3l"
    "dS7b7ePnD5dXAnsFfbTUv9YWenhEQmKZB3ezkhDk7XSQ18UhL6yw78w1XRBeg7I75nz1SdfJ"
    "4h7Gg5p82yVdwEfeOcUbuJ/pzGfOBU661PNI8sdfPxEXl21CpLzK27Cr/dX88mo0K33buJse"
    "Y1bmqacwXeWs81TTGnTf0rsm9g/CpR56bC78rUN0J7zsEWOPDvmOI07Eqi55sRH3mUdsSdvt"
    "+BzZjnDAfcSou9BRfa+r2zr5Ayo8ARkBnfDyQ/2Z+ENLid55+OuP2IJt3ttlu2Cbc0Iam+Yp"
    "WVB1p1VNvs4c0V0DRWclt6Pmbc6lfdIy7BRvqNZKmH6WsKvNKNizUlsMxG4nBntaK/nktCL5"
    "5LSYfKIwMzOlUyJwPINuXziLbhHaH4VnJPyoX8lCAXwt3gNTfSGmZld3P3EtON/isofniV+X"
    "HlUCAOEtkTCQ/fbi9u3Fu6vBt93stn9QN6ZiTrmTlBQDjSefb3JQ5cxPk8Yhx0U9f/4TeRKN"
    "beE/E46wR9AjmfkH6hStR0JmcgPd8ZB8r9dIFQPIA7iEDz4j+FGdZuUXnfk19Qn79N2ZiQ4q"
    "PHjTPfr+7s/XWkaPKpbRo+IyCvGRjdqDE8PDeOL2PUx2WP9OPB8xs2z6RADgrQEvxPaarHR7"
    "FwpQ8TlhxDZRdF4Wdt27rGkvNJwb6DkrCVrumpY7kuH9Cws8it3fGHf8kt3jfJODKp/zX2Fj"
    "a5ZuvdLn/MCeiB2fr8zF42X5N+VhwaLc1/XVxm9AfeLx+OTlIfZHEyRgFldY0edcQ5/ykOhP"
    "0hGVLislT8RDHpnKfuUJ0KJHYZ0jdVgAemAeIljIch97vvRZMZoz75F4wqOVZ0wTlYguCx+Q"
    "1BxyGR1/ofhBnj0t/N25eCE5woMpCU+sDqMS4kFzxxdvJKRHE1ker15UtmYPD8KDRpziGZ8w"
    "8UhPvf/oMZiJe1/ovRjaF9a760/3oaMt+2GBr7bIhXetHsoC10bDGAbx4LH4vtCDx6aq2ZCM"
    "HSpPYjlEHxmSB11P8SPhX6h6CWcqlMwdofjwAZT54g3HSLiuJMZd/eEcLziaS5EM5NiVp2Qv"
    "0IS5dlv3Ph52ZuU+WSnwjUp8o3JHP/2V51J+qk4fS0kBu70uE7cW02Qwsxsa+1lJMPbBONAb"
    "Bz+FWi+xC1J3K02CcbZdLcIYsUAdomuxBLlMrJWceA52HU7iRXs6lcuTWGSnga965nJBDtdG"
    "GkyHcnkZErXYPjlqiUJR9UKecmYTD/pCmWcTbxMh6+qjXrXrWMMpdbfrWNtDXsuXrCfsBro6"
    "kIr1KhHZ3mL1Yu9Xqo5MYW9Vqrlu+oru1Jy6opz1ejPY7xNHeAIzj/2LjJRhrrbfwilFdRMa"
    "9cve0b1j3yurHg+FjV50ZtbS45rnokqC/Z7NRFsx7conrUfxx5s4NnF7CJrXCJpXkM+U7xBX"
    "kc88z9SULAuwqUsCrgi4IlXruMwgGZW6Iqm7leu5l21XyxWJAm7SD5BBPrnkKl9BpaXw0IG4"
    "x/69LESZT8Si7PhoJMONYgQwKTIierbLdXXcYlnnwVAaFIZzX1ZqZ1ky6knyn9M9S4+B1XyD"
    "qzksPbD0rHfp+Zlgzx8SrKVNXt6sXHgmmWY1airDvaPv+AEaLtRyIJ+rq5Isb9hiXQg7NZmj"
    "lhKwjWK8jQJzFsxZ652zfiWLTzLlUzNjxbcq5yt5wI0Xt1o5XX2mvuOGNipGQlRarJT5CHOZ"
    "9C2NWybsXZXVfICi3wi1Z0xoXYrJ3XUW3lei4oXt4ly3sadoJso/U0f8JMeExZ2FheK7DJtF"
    "k2F3J9BuRM12c67THk2pBiEd40P22p2u1zUQt8DNnEwvBiCnZQDnejgHch0xNbgSISiS7prJ"
    "lc2XxdzsUISlBHw/5d9Pd8zaWx/72v3c5N5Kw5YnzWo44kLgO45k1jwinse8KJlyokxFGZKV"
    "/EMBn4mZmNivxU0Uni6rmmHkSyoijh07DPeG7YdYY95u9lEtggFdMaOeR3A4UXCDvL68LGT9"
    "d3mtkt9rAyWnxEC/XdbvA3Zc8SlKfWk4EUtjAHmx3iSdHR+dvjo9P3l5mgQBkitVvn8x8VmV"
    "sKkV0sTQy0r1jxlnI77SErSmpYZpYZivujZfdcSu/xwdW3+jEgsGGus+16LSxg+ithZbNq5z"
    "7EhsOS8Na1nGJWzJqD8UFUlHNVnzCUvFnh0/stZloqaMTj9SWTmmY0PZ7KO00ewoczR3+mmG"
    "AlVllEYN4oyDVFX4P+UZqmXXs91H5n85narH5lqPoio0vpSB8Ph6wuNmtXLrrJHr1rp5VicH"
    "RbSqONGjkIUCKT4bPC1SzDZPjm2Wn5CW6SHI66fByU7pdSM/WSnYRMunmqfW2NqZ5ikZADQ/"
    "z3YkNtkLMIE9qAnAe+HnZdQckj00UXNGErz5rmm5K948F9ffiRFAyw4kybU4qPTmZVvLzjSu"
    "W0OOZsKznrAg3CK7fydw/Xh7ffPR+vXqf+9fh5wkDkdjjwUz4VwPF4gSR+22hfWVVHjbKo9F"
    "X8Gx1idIspn75M9UVR/3YrG6T4pDkthAdLzpgQwLSKoVW7aVLe5VpfL9G3Tv4/FrX7QNpeVb"
    "fKHR4cYczWUqnGghlCdaqlYyyhBuN94TaqvTWmNRNpV9L0KpKbaJvF4eaRgGo0ei5oeMypY1"
    "1BkLMW3chAlDxcBEViLTa/QwFYNId1XaSP9O6RYVTwvbm50SA9l+2wpnLAeeyZK2lAKrpXPr"
    "WZb1NvUl1vX6M0Lg9tdw+0voMcohLiPH6AO8R8fndcrTjs/L69PkPQisQGBl3wCFdO9Nb63H"
    "5rjhNlhKqjeZIVsmzlMpCYa4L2UA9YZ0hVRuU1Mr9Oebjf7yPkArTbUy85wRsRsrRCMOumim"
    "i9FEkgrJ8KolOXEbqqSqF9BMM80I63s6i05RMlRHQRR00PDrEDi6RHHxNdGDVhx00VAXeDSR"
    "OcpN9JAXBR0000FYuCbeq5EadNKgiaYzE/ctiikznpLSco3Q79gG6rOjl1UbmX9XIdCybc6/"
    "xwHSVVucSSS1TlmiahweM+HjsTr8gUq2CyS37sLcYnWEomhxn91tvVcHUUzwE3mNOCHoXowl"
    "4vJ7XUXihp5SI0W5bOMNWDe68PUdVOzDQXx7A+FY2P2C3a+93f3qyFp9GdhivblwiaetMErf"
    "rlyth6qhhZOWNZZrPpFHSIllUpJShR3II5Lkb3OhbEn1qg6aknSwSFFVxVk/NnGdJ+ItpDB5"
    "IkJTuoV67f2X5PbIjuXtsFNLHXZlBcp+Va/QbpHu7IHMe8sm0G1mQWC5aZYLs/wO665TS4ku"
    "L1SDu0k8e33HZWXjQVTkGJ0gp7IdZT5lmKooZiyZ2VicD5t3s6JS7KxWpdhZRaXYWd7k0Myk"
    "9T0XjXCXD1QbfKbOVyTnjzfoRehWRmuVciUnWBI6RguWZpkzlu5EdChcFwtqrT7JKRHqtDp/"
    "I95IWAxSF9KUwFOZllzUW3mzdR/7lFr41EPMvqalTKdRv+CphGzxExW9YMp+sJl4FY8npwPp"
    "DEUj0W58PjNiqsdEpMtq7GBUpyN+2k3gD9nXa59MBxo3LXW30ktjql09/0zWcgj5abiQSKdJ"
    "NPAdGp6kJYsrGBLrjDoFV/hNxBlTxbvgO0TSLsjbYVGHvkxkfV2vZnH7c5DqP0f3AMHSzgVL"
    "i8qq6xEXJSFoCiQMZa5LnUheeRyvkMMuZzTD8ZoSgYEKZ9Y8hzANd/5P4/iVm61R8z5Zra04"
    "/zpij34iDwHH7s8s8HQGafp2pUXqhQ2tSdyyYRXzp6sfP99evFcVxgfCpHQXMnAvbto2sYXB"
    "+EYYkDN5LAZyGR3L/0uvO0oDFdfGdYuZ1/OgFVXCq+qB1dCyixsL+YSBslLg+DoYwJ00gKFq"
    "t9dLICSDQLFj9wGFYsdNFzuqJdwA4Lh9D/Fdf9ZSZFgaZ4AvpSDze++i5JHbMSj3SGp5I/Ud"
    "kWj3jpK5tO7j0XOIrn2eoiCKrP/vor11mYPk2SG9sbLLtK7HerqWBEq3DD2QOZLJUMo3UVF3"
    "Ki46ri+aUkJsLnOY1RBtezAKpDBBClNXrB3wDMw+po4Vzuy9Y9BLPIFoegvWKxx7uR0XbCrs"
    "G2a0H7qU6CHGR3VY/4/KSf+PCpz/EEXY9BCWBzfqUmRX5FImUn3aWVtHkiREZTa4rg0XPuGW"
    "o6nYq4rKpKUgKtMsZTTEkAWGaaMZMcC+GfZ24IU5aaalDDlBwH/vIpJXsnpwoIlHhjcOqqKR"
    "JGlSKxapmqfjg/lgYBgilFFDLt5FnqHsqdSF6BBloitTWGfHdRJ143RD4/TczsYYlUHLDx2b"
    "H1Iij2uDUCOEGncfaoQ84KVbVsfMPS43c4+7dk5YL+OOEMftxSlhvcRSLp5FJH+5vflYYtdH"
    "7fNrpDPy0X+R6/CNGfYpw2QYOK7vUH4oH7sLo0Tik1ku4yn1+w8Xf+Rn27fvby7zmpAdXHbM"
    "1r+hIzIos/fVzdU2v8XidisN/zu5l8+ZjEoLLaC5zDdmrn0groX7/KENTpmvriM8Fpp5o4hO"
    "lImubHVpuot/VTt0H1DfcTXMZ5t9VIuUgxituqZM3H49psxu85Vzp8rWiS+LVhXnykbx5XJ/"
    "QOnM1CVIhLZyPh5QqOzd8XjvlpWbutkzfbty/rRzDVdOoL+r+Wg5rcUBC/SOSGZkcSWsTxa/"
    "qOJjLmtC3oRn2EniKB6fPj9m4j5+8FXcozh7bvA5zyVba98jKer/ButU3L6PLvcmdkIhpLHB"
    "jfzAM9rGj5o3grZjLmJ+5J7WqRuXzSrG7mmhenzkzMTc7ZOvmnDrnbhasvmckeoD2lX21NUf"
    "d9X+YmJOvb/5+FPcPO9E5jOtRt5CvaVVFhGpSrnSCPdBC5ueTSaYW5yMPF2V4yVjLsFUj3hW"
    "MAf1UEhuaupOrmx3zF/e3LzPjPnL6/yg/vzh8krAr9CPLOLXul1oCd2EYJtoj/laBXpKElA3"
    "QD2kjzUJDi4lWoUHOzajbCMOWPMkwaqhXnEwFIzzqnEumRBMRnlYfASjvN0od7iFhXP8pPEr"
    "K4d5Rm6L4zx27/d2mAvLQ0JimWdFZCUhO6JzkdCMtzuzG6o5Kwlq7pyauxfwvvWxr90zLLQ5"
    "qBn6luTXfs0dxJ/ZPD7vQNJr+gzhDB3nmB3ELEbJsQhzzwmj1G9EY8mRJM81GhI0dTgXY6cY"
    "/d7UQ1qEvrvKMvk8CpgjLRNDnqmMGKRDN0xH99hsZoz8Ughwb4a7i7lvJSO4gW2h7WArO+pg"
    "YTQ0JEOVhd9OY41nxEHfndc38TxmVB+flerfBsJJre3ek4rt3pPidu8StKYfVloYPqsuf1YP"
    "2HED2V9BzaUGS1qkNxZLK+rgPKDyoGvhSemSJ6s/noIwfDxd/ng84nuLBnNkWg403GUNszk1"
    "I+RJBPpna6yftMAlmAvzu1Hic14WvqOufUcdiQdffZ3ggIdKLxaPJDcPKotHMs1WRn5v08nI"
    "gRimKJghtaaje+zfH6J7WcchFoB72WA+IVTmHw/JSBZ5yzPvZaLCgTwfba6OGaQaJssNPUPL"
    "n8+DYap+cj5ZaPjx45xPeVeCvxQBMvxukuFntVo3Rp+VAnJvSJXeXnJjNLfUxTZqDtDWgBbI"
    "KHpjd2Vr+90m0fGUGNjVXdNvR+zqC+I5o4nOqI7uVFrUeNlmlTldrtg11+c9F7uzZayz3KJ8"
    "Ih6P6kPrrtEpkR6u08dnZ3VKms7Oyiua5L3cUi0+KgOEo+Y9RPeo1ubXUcXm15Hu7Bjqa88A"
    "L8+4Tolsn3dkz3Oud7qYfft/IdrG1Q=="
)
