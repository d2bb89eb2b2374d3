"""Tags of requests and whom they are for: on the log, in counters of their own, in an index.

`request_tag` has a row for each tag of a row of the log, so that those with a tag are found in
order of time; triggers keep it, whoever writes or removes a row. `usage_value` has the values that
hour counters are kept for. The release before fills none of it.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "token" ADD COLUMN "tags" JSON;
ALTER TABLE "project" ADD COLUMN "end_user_from_body" INT NOT NULL DEFAULT 0;
ALTER TABLE "request_log" ADD COLUMN "tags" JSON;
ALTER TABLE "request_log" ADD COLUMN "end_user" VARCHAR(128);
CREATE INDEX "request_log_end_user" ON "request_log" ("end_user", "id")
    WHERE "end_user" IS NOT NULL;

CREATE TABLE "request_tag" (
    "tag" VARCHAR(97) NOT NULL,
    "request_id" CHAR(36) NOT NULL,
    PRIMARY KEY ("tag", "request_id")
) WITHOUT ROWID;
CREATE TRIGGER "request_log_tagged" AFTER INSERT ON "request_log"
    WHEN new."tags" IS NOT NULL BEGIN
    INSERT INTO "request_tag" ("tag", "request_id")
        SELECT tags."key" || '=' || tags."value", new."id" FROM json_each(new."tags") AS tags;
END;
CREATE TRIGGER "request_log_untagged" AFTER DELETE ON "request_log"
    WHEN old."tags" IS NOT NULL BEGIN
    DELETE FROM "request_tag" WHERE "request_id" = old."id" AND "tag" IN
        (SELECT tags."key" || '=' || tags."value" FROM json_each(old."tags") AS tags);
END;

CREATE TABLE "usage_value" (
    "id" INTEGER PRIMARY KEY AUTOINCREMENT NOT NULL,
    "project_id" CHAR(36) NOT NULL,
    "dimension" VARCHAR(64) NOT NULL,
    "value" VARCHAR(128) NOT NULL,
    CONSTRAINT "uid_usage_value_key" UNIQUE ("project_id", "dimension", "value")
);
-- With all that a list of those that used most adds up, so that it need not look at the rows. Those
-- of upstream keys, which every request has, are read by time.
CREATE INDEX "idx_usage_dimension_value" ON "usage_dimension" ("dimension", "value", "bucket",
    "requests", "errors", "unpriced_requests", "prompt_tokens", "completion_tokens", "cost_nanos")
    WHERE "dimension" <> 'key';
CREATE INDEX "idx_usage_dimension_project_value" ON "usage_dimension"
    ("project_id", "dimension", "value") WHERE "dimension" <> 'key';
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "idx_usage_dimension_project_value";
DROP INDEX "idx_usage_dimension_value";
DROP TABLE "usage_value";
DROP TRIGGER "request_log_untagged";
DROP TRIGGER "request_log_tagged";
DROP TABLE "request_tag";
DROP INDEX "request_log_end_user";
ALTER TABLE "request_log" DROP COLUMN "end_user";
ALTER TABLE "request_log" DROP COLUMN "tags";
ALTER TABLE "project" DROP COLUMN "end_user_from_body";
ALTER TABLE "token" DROP COLUMN "tags";
"""


MODELS_STATE = (
    "eJztXXlz2ziy/yoo/TN5VR5X5CPxZra2yk48O54cnoqd3Xk72aIhEZawpgAtQVrx2813fwB4iLcI"
    "UgdFd9VUxibRIP1rsC90N/4zEP92qEcOf3P5v8jYG7xB/xkwPCPyh+ytAzTA8/nyhrrg4ZGjx84T"
    "g0bCc7Ge6x47gshLNhFjl849ypka/I44xKNsgjgj6IGQuUDelCCXLw6Q4PJn7KEpFR53n5Dw8JNA"
    "LsG2etQBwsxGxMWCCEQ9IamfxKF6qs3H8rFy0k09wGf03z6xPD4hci5XPuaPf8rLlNnkGxHRr/MH"
    "654Sx04BSW01gb5ueU9zfe3Ll6t3P+uR6uVH1pg7/owtR8+fvCln8XDfp/aholH3JoTJN/SInYCY"
    "+Y4TMiO6FLyxvOC5Polf1V5esMk99h3FqMGf7302VvxBM24TRxxSWxwysrCo/ZfwDROjLevT9a11"
    "c3lrWYMce9WbZBgSXhpzppYGZZ7C6z/fg3mXuOirA/WAt7+cf35x/Op/NBJceBNX39SoDb5rQuzh"
    "gFRjvwRb/z8H99spdovhjsZnAJcv2gTq6MIS6+U3EMEXAbQBSAcz/M1yCJt4U/nr0cuXFRj/7fyz"
    "hlmO0jhz+dEGH/On8NZRcE/hvcTXoY/EMgU5RdQI6XDJGqzp/YZZCtRHahPXBOUkTQ+X86uTGjC/"
    "OilFWd1KgzySYt7yXccE5CTNWlZypzA+enlyVmsxn5xVrGZ1M400FZY0CaQUyEN9wblDMCtRhkm6"
    "DNwjSbipRR1Jk+2qvYvr6w9q5pmQJpa+cHWbQfnLx4vLzy+GGvzQDpOXrz7dZgB3ifxjhSesOXGt"
    "GWW+VwD9FfOKYS+hzjBA/kV7uN4n6iV+PBqevD45O351ciaH6PeMr7yu4FAeaPX5zLGLHYc4VoSb"
    "AdSl9AB2HmyJEl8Q2wqM1DzKv95cfyqGOU+ZwdemYw/9FznSLdg/nCtAVJCkZEokqF98PP89K8Pf"
    "fri+yNrcaoKLEj5wl04oa8SIBClwojknHofW3CX39JuJDZMi6qMRswGD/B5Thz8WGeTlaz1JA4u8"
    "+SKngjtYv6TBIk8Rbc8dGjDOSD5kEl9dxwKvY6KX2+c54zwRvDNwNSMSkB/14iZ8bLyEkzQAcy2Y"
    "fTYjHnFJQci1HOcU0RZFhbaFNhVe3ajIIMy2fCGdw3uXz6wRt58MHfviCbbo4cdXktAXb1h0zLUf"
    "+faEFPmY5YZIggTskOZ2yJw7dEyJEfRJGsC+OfZjlyhsLFxgp7yTdzw6I8UcSFNmeRCSHkY/7GGY"
    "vIIVt1cfL29uzz/+luLHu/PbS3XnSF99ylx98SrDo3gS9Per21+Q+hX94/rTZZZt8bjbfwzUO2Hf"
    "4xbjCwvbSUyiy9GltP6e2w3ZnKYENneazbbaoW/E5jTlGti8P3J1L7issiDuHxJb8+rCCI8fFti1"
    "rdSd5XJQWRYFBmRI9fP7z6TclQ+yVL7MJYgEz96Tp/39tJdXw3WZ+mY8/kCKYq0mMN2qOfoEkFpd"
    "/IiXrbf8rdnRLHsFMzzRf5J69veDwjVVkBiVWXLlyVF+ONB6CEeuzJCSU6KZ5I5LsYOkE/VIVAYT"
    "FSqFCdlk7D7NJesQZ84TkmBwhNHExcwL0pcYeSRueJ3J/8SCuPkkqQ09Y3We1B/J6BG1B/+ExKku"
    "JE5JFIhRJkRMsMWIyXaCJRuJTE3DHdy68Ebje5jJM3xVA95h1nJZoqtuZbxDOpfCxiPfCiC+lVdL"
    "PMMUVS+ArjIfL3+/rXbLY+vxw/Wnv0bDs756NhCoFYV8S6XdrCKJXb7EC4k3xYbdJQiuf7kvCJ1M"
    "C5Z6aZbJkqBRWkmjVT7cFLhrTippnJvGVAR7y2HrvU9Mi9G2RuSeu5AQuK1dA+4zOT03kc9Jmv7t"
    "Px7XsvKOK6y846K8bcpd6hVsh5XK5iTJ9qTzyyzGL7sjkSEve1t52ZA+VoR1X+o5Og3z+ss5sC8n"
    "NsA3Gt8/bIdHdaSFHFXucxzlZIUOcFkzPM9jXL79nSKC/W/Y/4Yts8qN0TA0XhhIKQ99p6nWGQLv"
    "LmtXhLpz+5A18l1/lv4onbD35EnDfCVfBbNxYdFqrjZ+P4HNbajJyy5exHsxmZUlEQj23zUDzm/e"
    "nr+7HHwv3+Hdxu5csKVZsT8X73nW2KHz4rEr9+j+rroIYNUgAC2wQOTbeIqZfFN0z90D5DOPOoh6"
    "iDC7oEOBKXGL7gNlYdlyaVIai93eZpp+kvrnZM920QT33bFRbfySohcbEJs28mGnB3Z6usSGTW/1"
    "3BNvPG1k96cpwe7vtN1Pvs2pnK4Bm9OU22HzNvdS953LBgmRmzSXS83kGuaxgVV85QkkyNgl8v/Y"
    "1T23BOL3qv8WdRFfsAM0ImPsCyLNX5d7Ol8RLag3RapS1sFzNJUGsbfgSFvIevHmzOeNPQWy1/Y0"
    "e637bb8gdw0svEILr0Oqf39i7Huh+tMNmR6lFm1ix6cpgctd5rISFeVNoC7opLIPVE/bP/3p6Oj4"
    "+PXRy+NXZ6cnr1+fnr2ME0Tyt6oyRS6u/qqSRVLczWeP/NuXBp9F5nxcsBtcin+GaoeJOB1NkwwA"
    "Umk2Zgs7TdcbXLe8qKGf35aWOfTzg35+O8d528klEZqE2XOuX6IBK1LEwI323KDzRnwIyYADzTng"
    "4YkR9NF4wLw55tDWCNoaPT/sQwtRIusXhVirHKscKfhWzXwrB0sUfdEoOJelhfBcl8NzkET9LNgM"
    "SdSQRN2fJOpExkaQ8lBgJpi2gLrRM/UI8o02gkpCVpZBs0R0RR6NJZYjV6bT3E4JsulEmnkqvQWH"
    "SS+H6G659XuHqEqGkQOYPuWOO7Y+906PL8x9yefTbO4xdRJqgvQiSKTpRCJNsAzygJcneywp1pPu"
    "0aGj3dafvg7JHs/BAAU/41mwOdDnZuopSQM+RrWPEecdt/Qw+tb1NOtfJNdUp0o0hbz+MUg3KCrQ"
    "TNyutJt9NTCRt1DPblahOXRyhqbcdwtKMIuHFNirfwxG/vghsNjTnlzqW04069A2oPoh2hINjNui"
    "LPKQOnyCHPVHatboupFtXBU0LhQ8BZHicJl1107bYqS43FheLgwTHZ9YTqDfu6zfIY64NocTjKaN"
    "AQpHhW/Bb49Vel2EY4IewruRGqPYVjIAOUkDONfDuVl5QutMVsgzGBDX5a4h7ksaQL0Z6mOHEuZZ"
    "TcDPkQIPmvEg7q/UhAsFxMCHZnygbMxncx0dMmJBmg7Qb/gVsAfpaaqu8Sqc1UwPl88BXGnKlblL"
    "x8RuzJAC8r1u471t/Syt+4ne8bKm3GnKhqpZgBv1uTF3paD3rNKz5ipYkCMFidTwiwh0rWqW1oQP"
    "heTAi4a8wLqHWiM+ZEmBB01rn7HgTL5XIzYUUQMnmkom4VkMM24skpJ0PaqE3jL+oyePCIsW5ERU"
    "oZ+kgpXfBnnuG9ZopcgA+2bYe979yHppBvySBlBvgfqwAepDQL0l6kcNUD8C1FuiftwA9WNAvSXq"
    "Jw1QPwHUW6J+2gD1U0C9JeqvGqD+ClBvifrrBqi/BtRbon7WAPUzQL0l6n9qgPqfAPW2XlIT53QI"
    "3mlr3Bu5p+Cftsa9iYM6BA+1Ne5NXNQh+KitcW/ipA7BS22Bu+ohMSXYNo37pukA/ZboGyrYNB2g"
    "3xJ9QzWbpgP0W6JvqGzTdIB+S/QNVW6aDtBvib5hfDhNB+i3RN8wTpymA/Rbom8YL07TAfot0TeM"
    "G6fpAP2W6BvGj9N0gH5bb6upswux5PXg39jdBX93Lfg3dXghtrwe/Ju6vBBjXg/+TZ1eiDWb4p/r"
    "OrjDDnm/cN8dlPXH0zcPVnfHm0bjVvbGu5SrRq4UyYd8U7zMPeiGB93woBteC8ZANzzohgfd8KAb"
    "3pahhG54+96lDbrhQTe8/nld0A1v16hDN7zd8wC64XWDD9AND7rhAVegG16X8IdueF3iBnTD2z0P"
    "oBteh3gB3fB2zgPohtcVTkA3vN3iD93wdos8dMPbBfbQDW9nqEM3POiG91xQh2540A3vuaAO3fCg"
    "G95zQR264UE3vOeCOnTDg254zwh36IYH3fCeE+7QDQ+64T0P3KEbXifQh254u0QfuuHtEn3ohrdL"
    "9KEb3i7Rh254u0QfuuHtEn3ohrdL9KEb3i7Rh254u0QfuuFBN7xnjT90w9st/tANb7f4Qze8beHf"
    "kW54n4MyxQ98Mihoh5e4e1DVDy8sdrSccODKhnjnyCH2hLiIMM99OkBYIIxcvjhEV55A1EZUIG9K"
    "UDjxD/oaZvI6Q9y1JSG/R7pT2SDD1zVO/ZV9Zbo7H7qnjhfekJQOFR6aqnkZ0otUXsWefJ4t1CRq"
    "CLUPkODBdYzmEnvEyEI+7sd76kpqKr4yV3448UN/Ui+JmRwXPl29ZuISlXO/uJP/HuoJLKoqTe/+"
    "p6xl4Ipuf/LfXKe/6FrcNyi6IDzs+SJ5hfvemAfN4dQlo96A5T221t9da3WDwMGf7302VqsS6Sep"
    "f07+MtiQdGnTbqu8ByA27v+Hofcf9P7rD2uh9x/0/tsplJvu/Qed6bbTmW4m7SdeIBsqmizGFD3E"
    "ePiqBsTDrI5cIqxuQRPL7S7hpbGehvhmhh2n1I9fUm3Phd8kzoEXf3z0+lXst6tfqjz1m4/nHz4U"
    "hEaWrk7dNZsg6eOqraPdjsq121FOu+lOYiYAxwQ9hPesBrpnpeCeZbHdeTcl6JrxpkP9lIAbbzrQ"
    "UQm48KYzPZWAF2+gq9Ku8d+nrko9BX9fGiv1Dn5dqlTksa6sb2rhsILUURs+vkRIGZWm6GcIYfG3"
    "T7wwZUGGEFjQzhuwFi71SHOXIEcPUmkd/BhOW7MkNQVwpSlXsG9TLm3Nud8smFRMD/xoxw9pfbZj"
    "SG4C4EhTjtCZOg+j+RdSTA/8aMePFl9IyQTAkaYcWZCRJQh2pXI2ZEWWEnjQTm8IIl/GbqQxEqTA"
    "haZcEMR9pGPpL1CzxKksXaP9z65xILX9eXxUY//z+Kh0A1Tdyqx4JhbEtYwzT7J0/cN6I/knektA"
    "cN8dG23pZ8j6B/b6kwLjUwnHcomaYJ0jBLRXo/1AngzThpcULZKGO4byenKGseeR2bzogLVfb64/"
    "lZUsLGmyhQt07KH/6qqcXiGqwFAzx8UK0fp88fH89+zSffvh+iILvZrgovCwOyPRHFP0T07UERPl"
    "UiInJFxy7wvsGEvkLF3/gF6/QPbwxEiARONBeDQXHoSpDScznyVJ0791PTyqk7ApR5UnyR/ppM2O"
    "lAOfSyffu3wkzBsUlAMn7h5UlQOrUIFnkXjgynLga6aqahmJKmwV3k6+tLd8WJ0SWPkGXC+4qIwV"
    "68LP5BVPqbpkkWw/Slu1EysOVfUwIwv550GFK1S47r7CNf4ga8dkIoIeJv5vJBqzlHAGEIcUPcR4"
    "E1aoVhgaJAOUM2Q9hHr9gdyUbjYEulD/9sD83EwId6qajhg5VwmSVv5VozWdMHRGPnU8ysSheuwu"
    "jJyNuF10brLkg9H9W+vrF95R1yIzkZKmApxX4ww1tBsprO9KyMCeUfZFaKc7HzGIbx5UBgzUsDhM"
    "VKN9GEN4POY+84IWWzP8hASdMN1+i+vYgJ5Sd94SBT3CzOlXRxggVtCFWIFaRPpnA2mTpFmPuFkN"
    "+faEzWkdG1GOKhc3pzkbcY6FWHApOqZYTE2gzhH2ULwfnZ7WscpPT8utcnUvY6xwx2xPKRy/PXwD"
    "Kb4pabHp1jRUWCr28VgA8gWXWGJWIq6TdBmwR5JwU2hHAmW7gvni+vpDyr+5uMpku3368vHiUmKv"
    "oQ9V/ZvCQg+XKEgs8+BumhKCvJ0O8jo46Asr7TtzTueI18DsjjlffeJ1rNyDeFCTb7tkCvjIO8d4"
    "A/czmfkshMSpKPU8pPz5/Wfi4LJNiIRXeRNMtb+cX14NpdL3jbvpEWZlnnoC01XOukgMrdHuW3nX"
    "xP5RutQjly+kv3WIbqWXPeb8gZIfBBJEanXVFxsJj7vEVm27qSeQTaUD7iHOnKeiVt/rmrZO/oAO"
    "T0BGQCe8/IB/Jv7QkqJ3Hv76I7Zgm/dWbedsc0FIY9M8QQus7jSrybc5ldM1YHSacjts3qYs7ROX"
    "Yad4Q7VW0vSzpF1t1oI9TbXFQOx2YrAntZJPTiqST07yyScaMzNTOkECxzMU7Qun0c1D+7P0jKQf"
    "9Z48aYCv5HtgVlyIWbCru5+45pxvednFi9ivS64qCYD0lkgQyH57fvP2/N3l4Ptudts/6hszKVNu"
    "VUuKQYEnnx1yUOXMz+LBQY+Lev78Z/IoB9vSfyYCYZegBzL3DvQpWg+EzNUGOnWReq83SBcDqAO4"
    "pA8+J/hBn2bl5Z35Nc0J+/TdkUQHFR686R59f/fna6nRYYUaHebVKMRHNmoPTg0P44nG9zDZYf07"
    "8WLMzbLpYwKAtwa8ENtroun2LhSg43PSiG3C6Cwt7Lp3mdNuYDg34HOaErjcNS53JMP7V+67DDu/"
    "cUG9kt3j7JCDKp/zX8Fga54cvdLn/MgfiR2dryzk41X5NxNBwaLa1/X0xq/PPOKK6OTlEfbGUyRh"
    "lld43udcw5zqkOjPyhFVLisjj8RFLpmpedUJ0HJGaZ0jfVgAuucuIljSCg+7nvJZMVpw94G40qNV"
    "Z0wTnYiuCh+Q4hxyOJt8ZfhenT0t/d2FfCG1wv0ZCU6sDqIS8kEL6sk3ktTjqSqP1y+qRvP7e+lB"
    "I8HwXEy5fKSr33/84M/lva/sTi7tc+vd1ee7wNFW83Df01vk0rvWD+W+Y6NRBIN88ER+X+je5TM9"
    "bEQmlKmTWA7RJ47UQdcz/EDEV6Zfgs4kkwWVjA8ewLgn33CCpOtKItz1Hy7wk0ALRZKCHDvqlOwn"
    "NOWO3da9j5adWblPmgp8oxLfqNzRT37lmZSfqtPHElTQ3b4oE7dWp0l/bjc09tOUYOyDcVBsHPw1"
    "4HqJXZC4W2kSTNLjajWMkQrqEF1JFeRwqSsFcSl2qCCR0p7NlHqSSnbme3pmoRRyoBuZPxsp9TIi"
    "Wtk+Uq2iUFi9kG05s4kHfWXctYm7iZB19VGvhXqsoUjdrR5re8hrucp6xI5fVAdSoa9iku0pq5d7"
    "r6k6IsLe6lTzIvEV3qkpusKc9XoS7O9TKj2Bucv/RcbaMNfbb4FI0dMERv1ydnRH7Ttt1eORtNHz"
    "zsxaZlyzLKpssN8zSbQV065caD3IP97EsYnGQ9C8RtC8ovlM+Q5xVfOZ55maku4CbOqSgCsCrkiV"
    "HlcZJONSVyRxt1Kfu+lxtVyRMOCm/AAV5FMqV/sKOi1FBA7EHfbuVCHKYiqVMvXQWIUb5QrgimRM"
    "irtdrmviFmpd+CNlUBjKvjTVzrJk9JPUPyd7lh4D2nyD2hxUD6ie9aqeXwh2vRHBhW2TlzcrFc80"
    "NaxGTWWwd/SDOECjJ60O1HOLqiTLB7bQC8GkJjJqSQHbKMbbKCCzQGatV2a9J0+fVcpngcSKblXK"
    "K3XAjRuNWimuvjCPOoGNipEkVRYr4x7CQiV9K+OWS3tXZzUfoPA3wuw5l1xXZGp3nQf3Nal8YTsv"
    "6zb2lAJB+UfiiJ/4mLBosqBQfJdhs1AYdleAdiNqtptznfZIpBqEdIwP2Wt3ul7XQNxCb+ZYvBiA"
    "nKQBnOvh7Cs9YmpwxURQJN01kyudL4uF2aEISwr4fsq/n+6YtTce9gr3c+N7Kw1bEQ+r4YhLgh8E"
    "UlnziLgud8Nkyqk2FVVIVvUf8sVcSmJiv5E3UXC6rB6GkadaEQlM7SDcG4wf4QLzdrOPahEM6IoZ"
    "9TyCwzGDG+T1ZWkh67/Lukp9rw2YnCAD/naZv/eYOvJTVPwq6IlYGgPIkvUm6exoePL65Oz41Ukc"
    "BIivVPn++cRnXcKmNaSJoZem6l9nnI34SkvQmpYaJolBXnVNXnXErv8SHlt/rRMLBgXWfWZEpY3v"
    "h2Mtvhxc59iRyHJeGtaqjEvakuF8KCySDmuyFlOeiD1TL7TWVaKmik4/MFU5VtQNZbOPKoxmh5mj"
    "mdNPUy1QdUZpOCDKOEhUhf9TnaFadj09fWj+l7dTdfmi0KOoCo0vaSA8vp7wuFmt3Dpr5LqlN0/r"
    "5KDIURUneuSyUCDFZ4OnRUpp80hts/yEJE0PQV5/G5y0SK8b+UlTwSZaNtU8oWNrZ5onaADQrJzt"
    "SGyyF2BC96AmAO+Fn5dic9DsoQmbU5TgzXeNy13x5oW8/k6uAFZ2IElmxEGlN6/GWnZqcN0acjSX"
    "nvWU+8EW2d07ieunm6vrT9b7y/+9exP0JKECTVzuz6VzPXpCjFC92xbUVzLpbes8luIKjrU+QTWb"
    "uYv/TF31cSeV1V1cHBLHBsLjTQ9UWEC1WrHVWDXiTlcq3/2E7jw8eePJsQG1eouvLDzcWKCFSoWT"
    "IyTz5Eg9SkUZgu3GO8JsfVprRMpnau6ngGqGbaKul0caRv74gWj5kGLZsoY6ZSEmjZsgYSgfmEhT"
    "pGYNH6ZjEMmpSgcVv1NyRMXTgvFmp8RAtt+2whnLhWei0pZUYLV0Tp+lu94mvsS6Xn+KCNz+Gm5/"
    "SXuMcojLmmP0Ad7h0Vmd8rSjs/L6NHUPAisQWNk3QCHde9Nb65E5brgNlqDqTWbIlhvn6ZQEQ9yX"
    "NIB6w3aFTG1TMyvw55ut/vI5gCtNuTJ36ZjYjRlSQA68aMaL8VQ1FVLhVUv1xG3IkqpZgDPNOCOt"
    "79k8PEXJkB05UuBBw69D4ugQ3YuvCR8KyYEXDXmBx1OVo9yED1lS4EEzHgSFa/K9GrGhiBo40VQy"
    "Cc9imHFjkZSka4R+xzZQn117Wb2R+TcdAi3b5vxbFCBdtcUZR1LrlCXqwcExEx6e6MMfmOp2gdTW"
    "XZBbrI9QlCPu0rutd/ogiil+JG+QIATdybVEHHFXVJG4oafUSFEu23iDrhtd+PoOKvbhIL69gXAs"
    "7H7B7tfe7n51RFdf+LbUN+cOcQsrjJK3K7X1SA+0cDyyhroWU3WElFSTqilVMIE6Ikn9tpDMVq1e"
    "9UFTqh0s0q2qoqwfmzj0kbhPipg8EsmpIkW99vlLcnvUxOp2MKmlD7uyfG2/6ldop6Q7eyDz3nYT"
    "6HZnQehy0ywXZvkd1tVTS4ouK6rB7TSSXj8IVdl4EBY5hifI6WxHlU8ZpCpKiaUyG/PysPk0KyrF"
    "TmtVip1WVIqdZk2OAkla33MpIO7ygWqDL4x+Q0p+/IReBm5lqKu0KznFqqFjqLAK1JwxdSeiQ4Fe"
    "zLG1+iSnmKjT7PyNuGNpMSheKFMCz1Racp5v5cPWfexTQvHph5h9TUuaTqN+LhIJ2fInJmfBjP9o"
    "c/kqrohPByoyFI1Iu/H5zIkpH2OSLrOxg1Gdjvhp17434t+uPDIbFLhpibuVXhrX4+r5Z6qWQ9LP"
    "AkWinCY5wKMsOElLFVdwJPWMPgVX+k2ETpjuu+BRotouqNtBUUdxmcj6pl7dxe2PQWL+TLsHCJZ2"
    "LliaZ1ZdjzhPCUFTaMJQ5rrUieSVx/FyOexKohmu1wQJLFQ4s+Y5hGkE/b8Cx6/cbA2H98lqbdXz"
    "ryP26Gdy7wvs/MJ9t8ggTd6utEjdYKA1jUY2rGL+fPnzl5vzD7rC+ECalM6TCtzLm7ZNbGkw/iQN"
    "yLk6FgM5nE3U/5XXHaaBymuTusXM63nQiirhVfXAemnZ+Y2FbMJAWSlwdB0M4E4awFC122sVCMkg"
    "UOzYfUCh2HHTxY5ahRsAHI3vIb7rz1oKDUvjDPAlFWR+712UPHQ7BuUeSS1vpL4jEu7eMbJQ1n20"
    "eg7RlScSLYhC6/+HcG9d5SC5dtDeWNtlha7HeqZWDZRuOLonC6SSobRvoqPuTF6kjieHMkJsoXKY"
    "9RJtezAKpDBBClNXrB3wDMw+po4Vzuy9Y9BLPKHR9BasVzj2cjsu2EzaN9xoP3RJ0UOMh3W6/g/L"
    "m/4Pcz3/IYqw6SWsDm4sSpFdkUsZU/VpZ20dSZIQldmgXhs9eURYtKBiryoqk6SCqEyzlNEAQ+4b"
    "po2myAD7ZtjbvhvkpJmWMmQIAf+9i0hequrBQUE8MrhxUBWNJPGQWrFIPTwZH8wGA4MQoYoaCvku"
    "6gxlV6cuhIcok6IyhXVOXCdRN0o3NE7P7WyMURu04pDa4pARdVwbhBoh1Lj7UCPkAS/dsjpm7lG5"
    "mXvUtXPCehl3hDhuL04J6yWWSnnmkfz15vpTiV0fjs/qSDr20H+RQ8XGDPuEYTLyqeNRJg7VY3dh"
    "lCh8UuoyEqkvPp7/npW2bz9cX2Q5oSa46Jitf83GZFBm7+ubq21+i0fjVhr+t2ovX3AVlZZcQAuV"
    "b8wd+0BeC/b5AxuccU9fR3giOfOTbnSiTXRtqyvTXf6rx6E7n3nUKeh8ttlHtUg5iNCqa8pE49dj"
    "yuw2Xzlzqmyd+LIcVXGubBhfLvcHNM9MXYKYaCvn40ELlb07Hu+cuHQ8LRKc4Z1KqYmXY1ZJzHLG"
    "rjnp6bnUSrSqZqoSNFJnmDb3S5D00U/dRKsd9VEZIBwO7yG6w1qbs8OKzdlhUYo38wpbdZT7BgmS"
    "7bsHu1GU/XAEvv8/q63IEg=="
)
