"""Tags of requests and whom they are for: on the log, in counters of their own, in an index.

`request_tag` has a row for each tag of a row of the log, so that those with a tag are found in
order of time; triggers keep it, whoever writes or removes a row. `usage_value` has the values that
hour counters are kept for. The release before fills none of it.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE "token" ADD COLUMN "tags" JSONB;
ALTER TABLE "project" ADD COLUMN "end_user_from_body" BOOL NOT NULL DEFAULT FALSE;
ALTER TABLE "request_log" ADD COLUMN "tags" JSONB;
ALTER TABLE "request_log" ADD COLUMN "end_user" VARCHAR(128);
CREATE INDEX "request_log_end_user" ON "request_log" ("end_user", "id")
    WHERE "end_user" IS NOT NULL;

CREATE TABLE "request_tag" (
    "tag" VARCHAR(97) NOT NULL,
    "request_id" UUID NOT NULL,
    PRIMARY KEY ("tag", "request_id")
);
CREATE FUNCTION request_log_tagged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO "request_tag" ("tag", "request_id")
        SELECT tags.key || '=' || tags.value, NEW."id" FROM jsonb_each_text(NEW."tags") AS tags;
    RETURN NULL;
END $$;
CREATE FUNCTION request_log_untagged() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM "request_tag" WHERE "request_id" = OLD."id" AND "tag" IN
        (SELECT tags.key || '=' || tags.value FROM jsonb_each_text(OLD."tags") AS tags);
    RETURN NULL;
END $$;
CREATE TRIGGER "request_log_tagged" AFTER INSERT ON "request_log" FOR EACH ROW
    WHEN (NEW."tags" IS NOT NULL) EXECUTE FUNCTION request_log_tagged();
CREATE TRIGGER "request_log_untagged" AFTER DELETE ON "request_log" FOR EACH ROW
    WHEN (OLD."tags" IS NOT NULL) EXECUTE FUNCTION request_log_untagged();

CREATE TABLE "usage_value" (
    "id" BIGSERIAL NOT NULL PRIMARY KEY,
    "project_id" UUID NOT NULL,
    "dimension" VARCHAR(64) NOT NULL,
    "value" VARCHAR(128) NOT NULL,
    CONSTRAINT "uid_usage_value_key" UNIQUE ("project_id", "dimension", "value")
);
-- Those of upstream keys, which every request has, are read by time.
CREATE INDEX "idx_usage_dimension_value" ON "usage_dimension" ("dimension", "value", "bucket")
    WHERE "dimension" <> 'key';
CREATE INDEX "idx_usage_dimension_project_value" ON "usage_dimension"
    ("project_id", "dimension", "value") WHERE "dimension" <> 'key';
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP INDEX "idx_usage_dimension_project_value";
DROP INDEX "idx_usage_dimension_value";
DROP TABLE "usage_value";
DROP TRIGGER "request_log_untagged" ON "request_log";
DROP TRIGGER "request_log_tagged" ON "request_log";
DROP FUNCTION request_log_untagged();
DROP FUNCTION request_log_tagged();
DROP TABLE "request_tag";
DROP INDEX "request_log_end_user";
ALTER TABLE "request_log" DROP COLUMN "end_user";
ALTER TABLE "request_log" DROP COLUMN "tags";
ALTER TABLE "project" DROP COLUMN "end_user_from_body";
ALTER TABLE "token" DROP COLUMN "tags";
"""


MODELS_STATE = (
    "eJztXety2ziyfhWU/kxOlccVyXbizWxtlZ14djy5eCp2dufsZIuGRFjCmgK0BGlFZzfvfgDwIl4l"
    "gtSFortqKmOT3SD9NdjobnQ3/tObceGNXSKOf3P5v8jI671B/+kxPCXyh/zNI9TDs1nylrrk4aET"
    "0CfIhsJzsR7vATuCyEs2ESOXzjzKmSJ+RxziUTZGnBH0SMhMIG9CkMvnR0hw+TP20IQKj7sLJDy8"
    "EMgl2FaPOkKY2Yi4WBCBqCck90Icq6fafCQfKwfd1gN8Rv/tE8vjYyLHcuVj/vinvEyZTb5JMMJf"
    "Z4/WAyWOnQKT2moAfd3yFjN97cuX63c/a0r18kNrxB1/ypbUs4U34Swm931qHysedW9MmHxDj9gJ"
    "iJnvOKEwokvBG8sLnuuT+FXt5QWbPGDfUYLq/fnBZyMlHzTlNnHEMbXFMSNzi9p/Cd8wQW1Zn27u"
    "rNurO8vq5cSr3iQjkPDSiDM1NSjzFF7/+R6Mu8RFX+2pB7z95eLzi5NX/6ORiOZbiFrvu2bEHg5Y"
    "NfZLsPX/c3C/nWC3GO6IPgO4fNE6UEcXllgvv4EIvgigLUDam+JvlkPY2JvIXwcvX67A+G8XnzXM"
    "kkrjzOVHG3zMn8Jbg+CewnuJr0OfiGUKcoqpFtLhlDWY04cNs1SoT9QmrgnKSZ4OTudXpxVgfnVa"
    "irK6lQZ5KNW85buOCchJno3M5FZhPHh5el5pMp+er5jN6mYaaSosaRJILZCH+pJzh2BWshgm+TJw"
    "DyXjtiZ1pE12u+xd3tx8UCNPhfi3oy9c32VQ/vLx8urzi74GXxJRT1++/nSXAdwl8o8VnrBmxLWm"
    "lPleAfTXzCuGvYQ7IwD5Fx3gfB+rl/hx0D99fXp+8ur0XJLo94yvvF4hoTzQ6vOZYRc7DnGsCDcD"
    "qEv5Aew82BIlPie2FRipeZR/vb35VAxznjODr01HHvovcqRbcHg4rwBRQZLSKZGifvHx4vesDn/7"
    "4eYya3OrAS5L5MBdOqasliASrCCJ+pJ46lszlzzQbyY2TIqpi0bMFgzyB0wd/lRkkJfP9SQPTPL6"
    "k5wK7mD9kgaTPMW0O3eoxzgj+ZBJfHUTE7yKiV5un+eM80TwzsDVjFhAf1SLm/CR8RRO8gDMlWD2"
    "2ZR4xCUFIddynFNMO1QV2hbaVnh1qyqDMNvyhXQOH1w+tYbcXhg69sUD7NDDj68koS/esGiZaz/0"
    "7TEp8jHLDZEEC9gh9e2QGXfoiBIj6JM8gH197EcuUdhYuMBOeSfveHRKiiWQ5szKIGQ9jn44wDD5"
    "ClHcXX+8ur27+PhbSh7vLu6u1J2BvrrIXH3xKiOjeBD09+u7X5D6Ff3j5tNVVmwx3d0/euqdsO9x"
    "i/G5he0kJtHl6FJ6/Z7ZNcWc5gQxt1rMttqhryXmNOcGxHw4evUgpKyyIB4eE1vz6sIQjx7n2LWt"
    "1J3ldFBZFgUGZMj18/vPpNSVjzNVvswkjARP35PF4X7cy6vhzEx9NR5/JEXRVjOg7tQoXYJIzTA+"
    "4GVzLn9rOphmr2CGx/pPUs/+flQyrwpTpDITb1WalB+SWo8h7dpcKTkomkoZuRQ7SLpTT0TlMlGh"
    "kpmQTUbuYiYFiDhzFkhCwhFGYxczL0hkYuSJuOF1Jv8Tc+Lm06W29Iz1GVN/JONI1O79E1Ko2pBC"
    "JVEgRjkRMcMOYye7CZtsJUY1Cfdyq8Ib0Xcwp6f/qgK8/awNs0RX3cr4iXQmlY1HvhVAfCevlviI"
    "Ka5OAL3KkLz6/W61gx7bkR9uPv01Is967dmQoF4o5Fuq1c0q0tjlU7yQeVti2F+q4Oan+5zQ8aRg"
    "qpfmmywZaiWY1Jrl/W2Bu+H0ktpZakzFsnccwD74FLUYbWtIHrgLqYG72j/gPpPDcxP9nOTp3k7k"
    "SSUr72SFlXdSlMFNuUu9go2xUt2cZNmddn6ZxfhlezQyZGjvKkMbEsmKsO5KZUerYd58YQf25cAG"
    "+Eb03cO2P6iiLSRVuc8xyOkKHeCypniWx7h8IzzFBDvhsBMOm2crt0jD0HhhIKU89J3m2mQIvL2i"
    "XRPqzu1IVsh8/Vn6o3TM3pOFhvlavgpmoyJXs6hS/jChzW2sycsunse7MZm5JTEI9uK1CC5u3168"
    "u+p9L9/t3c0uXbC5uXKfLt7/rLRT58XUa/fq/q76CmDVMgDNsUDk22iCmXxf9MDdI+QzjzqIeogw"
    "u6BngSlzg34EZeHZcq1SGpPd3aaafpL65/TAdtME992RUbX8kqMTGxHbNvZhxwd2fNokhm1v+TwQ"
    "bzSpZf+nOcH+b7X9T77NqByuhpjTnLsR8y73VA9dygYpkts1mlcYy5WMZAPb+NoTSJCRS+T/sat7"
    "cQnEH1RfLuoiPmdHaEhG2BdEGsEu93QWI5pTb4JUBa2DZ2gizWJvzpG2k/UUzhnRW3sK5LIdaC5b"
    "+9uBQSYb2HmFdl6LDIDDibgfhAGQbtT0JFfROtZ8mhOk3GYpK1VR3hzqko5X9ofqaFuoPw0GJyev"
    "By9PXp2fnb5+fXb+Mk4Xyd9alTdyef1XlTqSkm4+l+TfvjT4LDLjo4K94VL8M1x7TMtpadJkAJBK"
    "ujGb2Gm+zuC640kNff52NM2hzx/0+ds7zrtONYnQJMyecf0SNUSRYgZpNJcGndWSQ8gGEqgvAQ+P"
    "jaCP6AHz+phDuyNod/T8sA8tRImsXxRiXeVY5VjBt6rnWzlYouiLWsG5LC+E59ocnoOU6mchZkip"
    "hpTqLqVUJ5JMg6SHAkPBvDXUrR6rQ6BvuUFUErTyXJolqmszaiyxpF2bWHM3IcimY2nwqUQXHKa/"
    "HKP75SbwPaIqLUYSMH0OHndsfTKepi/Mgsln1mzvMVVSa4JEI0ipaUVKTTAN8oCXp30sOTaT+NGi"
    "w982n84OaR/PwRQFj+NZiDlYz82WpyQPeBurvY04A7mxr9G1rqhZTyM5q1pWuinknY9B8kFx4WaC"
    "YI397CvSRCZDNftZBevQ6TmacN8tKM0sJimwW//oDf3RY2C5pz271DedaOahbUH1Q7RJGhi5RXnl"
    "IXf4BEn1R2rU6LqRjbwqjFyogApix+Fka6+9tsPYcbnRvJwYJmt9YjrBOt/mdR4iixtzPMF42hqg"
    "cKj4Dvz3eEmvinDM0EF4t1J1FNtKBiAneQDnajjXK1honNsKmQc94rrcNcR9yQOo10N95FDCPKsO"
    "+DlWkEE9GcR9l+pIoYAZ5FBPDpSN+HSmY0RGIkjzAfo1vwL2KD1N1VVehbPqrcPlY4BU6kpl5tIR"
    "sWsLpID9oNt873p9ltb9WO98WRPu1BXDqlFAGtWlMXOloves0jPpVoggxwoaqeYXEay1qolaHTkU"
    "soMsasoC695qteSQZQUZ1K2GxoIz+V61xFDEDZKoq5mEZzHMuLFKSvJ1qDZ6x/gPFx4RFi3IjViF"
    "fpILZn4T5LlvWLWVYgPs62HveQ9D66UZ8EseQL0B6v0aqPcB9YaoD2qgPgDUG6J+UgP1E0C9Ieqn"
    "NVA/BdQbon5WA/UzQL0h6q9qoP4KUG+I+usaqL8G1Buifl4D9XNAvSHqf6qB+p8A9aZeUh3ntA/e"
    "aWPca7mn4J82xr2Og9oHD7Ux7nVc1D74qI1xr+Ok9sFLbYC76iUxIdg2jfum+QD9hugbLrBpPkC/"
    "IfqGy2yaD9BviL7hYpvmA/Qbom+45Kb5AP2G6BvGh9N8gH5D9A3jxGk+QL8h+obx4jQfoN8QfcO4"
    "cZoP0G+IvmH8OM0H6Df1tuo6uxBL3gz+td1d8Hc3gn9dhxdiy5vBv67LCzHmzeBf1+mFWLMp/rnu"
    "g3vtk/cL991eeZc8ffuoSo+8SUS5tkPelZw7cr5IaeRb42XuQU886IkHPfEaCAZ64kFPPOiJBz3x"
    "dgwl9MQ79F5t0BMPeuJ1z/eCnnj7Rh164u1fBtATrx1ygJ540BMPpAI98dqEP/TEa5M0oCfe/mUA"
    "PfFaJAvoibd3GUBPvLZIAnri7Rd/6Im3X+ShJ94+sIeeeHtDHXriQU+854I69MSDnnjPBXXoiQc9"
    "8Z4L6tATD3riPRfUoSce9MR7RrhDTzzoifeccIeeeNAT73ngDj3xWoE+9MTbJ/rQE2+f6ENPvH2i"
    "Dz3x9ok+9MTbJ/rQE2+f6ENPvH2iDz3x9ok+9MTbJ/rQEw964j1r/KEn3n7xh554+8UfeuLtCv/W"
    "9MT7HBQqfuDjXmFTvMT9o9Vd8cKSR8sJSde2xbtADrHHxEWEee7iCGGBMHL5/BhdewJRG1GBvAlB"
    "4cA/6GuYyesMcdeWjPwB6X5lvYx0Nzj0V/aV6R596IE6XnhDcjpUeGiixmVIT1V5FXvyebZQgygS"
    "ah8hwYPrGM2kBBAjc/m4Hx+oK7mp+Mpc+fnED/1JvSRmki58unrNxCUqx35xL/891gNYVNWb3v9P"
    "WePANT3/5L+5fn/Rtbh7UHRBeNjzRfIK970RD1rEqUtGHQLLO21tvsfW+jaBvT8/+GykZiXST1L/"
    "nP6ltyUd06TpVnknQGzcBRBDB0DoANgd0UIHQOgAuFcot90BEPrT7aY/3VTaT7xAN6xotRhzdBDj"
    "/qsKEPeza+QSYXULWlnudgovjfU0xLdT7Dil3vySa3eO/DZxDnz5k8HrV7H3rn5Z5a/ffrz48KEg"
    "QLJ0darO2QRLF2dtldVtUL66DXKrm+4nZgJwzNBBeM8roHteCu55Ftu991SC3hlvWtRVCaTxpgV9"
    "lUAKb1rTWQlk8QZ6K+0b/0PqrdRR8A+lvVLn4NcFS0Ue69oqpwYOK2gdteHjS4SUUWmKfoYRJn/z"
    "9AtTEWQYQQTNvAFr7lKP1HcJcvyglTYhj/6ksUhSQ4BU6koF+zbl0tac+fWCScX8II9m8pDWZzOB"
    "5AYAidSVCJ2qUzHqfyHF/CCPZvJo8IWUDAASqSuRORlagmBXLs6GoshyggyarRuCyJexa60YCVaQ"
    "Ql0pCOI+0ZH0F6hZ4lSWr9b+Z9skkNr+PBlU2P88GZRugKpbmRnPxJy4lnHmSZave1hvJf9EbwkI"
    "7rsjoy39DFv3wN58UmB8NuFITlETrHOMgPZ6tB/JwjBteMnRIGm4ZShvJmcYex6ZzoqOWfv19uZT"
    "WcnCkidbuEBHHvqvrsrpFKIKDDVyXKwQzc8XHy9+z07dtx9uLrPQqwEuC4+8M1LNMUf39EQVNVGu"
    "JXJKwiUPvsCOsUbO8nUP6M0rZA+PjRRIRA/Ko77yIExtOJn5LEme7s3r/qBKwqakKk+SH+ikzdYU"
    "BV9IN9+7eiLM6xUWBSfuH60uClYBA88iMenaouAbpmprGYnqbBXqTr7At5ysSiGsfAOup11UzIp1"
    "+WfyiqcWvGSpbDcKXLUrK45VDTEjc/nnQZ0r1Lnuv841/iArR2Yihg6m/28lJrPUcAYQhxwdxHgb"
    "tqheMDRIBihn2DoI9ebDuam12RDowvW3A0bodgK5E9V6xMjFSrA08rJqzemEoTP0qeNRJo7VY/dh"
    "5GzF+aIzkykfUHdvrm9eeUe9i8xUSpoLcF6PM1TSbqW8vj2BA3tK2Reh3e6iuEF8+2hN2EARxiGj"
    "Cq3EGMKjEfeZF7TbmuIFEnTMdCsuriMEekjdhUsU9Asz518fZ4CIQRsiBmoS6Z8NdE6SZzNKZz3k"
    "u1M5Z1UsRUlVrnTOcpbiDAsx51KBTLCYmECdY+ygkh+cnVWxzc/Oym1zdS9jsnDHbH8ppN8dvoEW"
    "35a22HabGiosFQF5KgD5kkssMStR10m+DNhDybgttCOFslvFfHlz8yHl5VxeZzLfPn35eHklsdfQ"
    "SyLq6csFRR8uUZBY5iHeNCeEelsd6nVw0CNW2nfmks4xb0DYLXPBuiTreHEPokJ1vu2SIeAjb53g"
    "DZzQZBa0EBKnojT0kPPn95+Jg0u2ItKe5W0w2OHKfnk11Evfd+CuR6iVe+wJXNc77SJBXKEFuPKy"
    "if2jdK2HLp9Lv+sY3Ulve8T5IyU/CCSIXN1Vr2wkPO4SW7Xypp5ANpWOuIc4cxZF7b83NWyVbAId"
    "poD8gFZ4+4H8TPyiJUfnPP3Nx2/BRu/s8p2z0QUhtU30BC+IutWiJt9mVA5XQ9Bpzt2IeZe6tEtS"
    "hn3jLdVfSdPPkta1WVv2NNcOA7K7icWeVkpFOV2RinKaT0XRmJmZ0gkWOLKhaJc4jW4e2p+lZyT9"
    "qPdkoQG+lu+BWWFxZvEO72Eim3PC5WUXz2PPLjmvJATSXyJBSPvtxe3bi3dXve/72n3/qG9NpV65"
    "U60qeoUefZboaLVTP43Jg/4X1fz6z+RJEtvSjyYCYZegRzLzjvQJW4+EzNSGOnWRerc3SJcIqMO5"
    "pC8+I/hRn3Tl5Z36DY0J+/bt0UhHKzx50z377u7XV1pO+yuW035+OYU4yVbtwonhQT0RfQeTHza/"
    "My9G3CzHPmYAeCvACzG+OivdwYUEdJxOmrJ1BJ3lhV34NkvaDQznGnJOc4KU2ybl1uR9/8p9l2Hn"
    "Ny6oV7qXnCU6Wu15/isgt2ZJ+rWe50f+ROzoBGYhX0GVhjMRFDOqXV5PbwP7zCOuiM5mHmJvNEES"
    "bHmF5z3PDYypjpH+rNxR5bgy8kRc5JKpGledES1HlDY60scJoAfuIoIlr/Cw6ynPFaM5dx+JK/1a"
    "dQo10enpqigCKfkhh7PxV4Yf1OnU0uudyxdS89yfkuBM6yBCIR80p558I8k9mqjSef2iipo/PEg/"
    "GgmGZ2LC5SNd/f6jR38m731l93KCX1jvrj/fB+62Gof7nt4wlz62fij3HRsNIxjkg8fyK0MPLp9q"
    "siEZU6bOajlGnzhSR2FP8SMRX5l+CTqVQhZUCj54AOOefMMxkg4siXDXf7jAC4HmiiUFOXbUOdoL"
    "NOGO3dTJj6adWSlQmgs8pBIPqdzdT37lmUSgVeeTJbig/31Rfm6lXpT+zK5p8qc5weQHE6HMRPhr"
    "IPdS6yBxf41hME5TVmopI5epY3QtFyKHyxVTEJdihwoSLd3TqVqk5FI79T09slDLcrBCMn86VIvM"
    "kOgl94nqhQqFlQ3ZpjTbeNBXxl2buNsIX68+ErZwNaupWPe7mjU9DLZ84XrCjl9UI7Ji1YpZdrdk"
    "vTz49ao1iuytTkQvVmLhvcoKLMxqr6bH/j6h0iuYufxfZKSNdL0hFygWPUxg4C9HR/fUvtcWPh5K"
    "ez3v2GxkxA1rpJXt+Dumj3Zi5pWrrkf5x5s4ORE9hNErhNFXNKkp3zNe1aTmeSatpHsGm7on4JaA"
    "W7J6NVdZJaMVbkni/ppV3U1TVnJLwhCc8glU2E8tvNpv0OkqInAm7rF3rwpV5hO5NFMPjVQAUs4D"
    "rlhGpLg35qYGbrC4C3+ozApDDZjm2lv2jH6S+uf0wNJmYE3f4poOCxAsQJtegH4h2PWGBJe0Wl7e"
    "XrP8TFKEFSovgz2lH8QRGi70oqCeXVRLWU7YYHUIBjXRVEsO2F4x3l4BzQWaa9Oa6z1ZfFYpoYV6"
    "K7q5RmupA3LciG6t0vrCPOoE9ipGklVZr4x7CAuVGK4MXS5tX535fITC3wizZ1zKXrGpvXce3Nes"
    "8qXtvMbb2lMK1OUfiSOC4mPGosGCovJ9BtJCldheNdqOONp+zoU6IMVqEOQxPqSv2el8bQNxB12d"
    "Y/ViAHKSB3CuhrOv1hFTsytmgoLqthle6ZxaLMyOU1hywPdT/v20ybi99bBXss8b361g3oqYsIJT"
    "Lhl+EEjl1yPiutwNEy4n2mBUQVrVscgXM6mPif1G3kTBGbWaDCNPNS8SmNpBADigH+ICI3e7j2oQ"
    "GGiLMfU8wsWxgGvk/mV5oT6gzSuW+l5rCDnBBvJts3wfMHXkp6jkVdBNsTQSkGXrTEraoH/6+vT8"
    "5NVpHAqIr6yKAOSTo3Wxm14hTcy9NFf3eulsxWNagla3KDHJDPqqbfqqNdb9l5mEleDpjU426BXa"
    "+BmaNZa+H1JbfEle5diSyH5emteq4EtalOF4KCyqDqu35hOeiENTL7TZVRqnilQ/MlVjVtQ9ZbuP"
    "Koxsh3mlmTNUU61Tdb5pSBBlIiSqyP+pTmItu54ePnQCytuwunxe6FesCpMveSBUvplQuVlV3Sar"
    "6dq1ep5VyU2RVCtOBMllp0DqzxbPnJTa5onaZhkLSZ4Ogrz5tjlplV41/pPmgg21bCJ6Yo2tnIee"
    "4AFAs3q2JRHKToAJ3YbqAHwQ3l5KzEFbiDpiTnGCT982KbfHpxfyzjs5B1j5cSYZmqM1Pr2ituwU"
    "edVqczST/vWE+8F22f07ie6n2+ubT9b7q/+9fxP0MKECjV3uz6SLPVwgRqjeeQtqMJn0uXVmS3F9"
    "x0afoJrT3Md/pq4JuZdL1n1cOhJHCMJDUo9UcEC1ZrEVraK41zXN9z+hew+P33iSNuBWb/GVhQcl"
    "CzRXyXGSQopQUmoqFWsIth7vCbP1ma8RK5+qsRcB1xTbRF0vjzcM/dEj0VoiJbJltXXKTkyaOEEK"
    "UT48keZIjRo+TEcikkOVEhW/U5JixdMCerMzZiD/b1dBjeXEM1nYllxgu7RuVUv3yk18iVV9/xQT"
    "OP8VnP+SRhrlEJe10egCvP3BeZXitcF5efWaugfhFQivHBqgkAC+7W32yBw33AxLcHUmS2THjfZ0"
    "eoIh7kseQL1me0OmNquZFfjz9WZ/+RgglbpSmbl0ROzaAilgB1nUk8VoohoPqSCrpXro1hTJqlFA"
    "MvUkI63v6Sw8e8lQHDlWkEHNr0Pi6BDdr6+OHArZQRY1ZYFHE5WvXEcOWVaQQT0ZBKVs8r1qiaGI"
    "GyRRVzMJz2KYcWOVlOSrhX7LtlGfYSNavZn5Nx0ELd/s/FsUJF2/0RnHU6sUKmri4HAKD4/1kRFM"
    "dcFAagMvyDPWxy9Kivv0ruu9Pr5igp/IGyQIQfdyRhFH3BfVKG7pKRXSlcu236AbRxu+waMVu3EQ"
    "5d5CUBb2wGAP7GD3wFqzYl/6tlxxLhziltQcJQnWrNlDTWrhmLbCoi0m6vgpuViqllXBAOp4JfXb"
    "XIpcNYXVh1SpxrFIN7KKMoBs4tAn4i4UM3kiUl5Fy/XGxy/J81EDq9vBoJY+KMvyNT76FZot1a09"
    "0vlguwy0u/sg9MCplxez/A6rrlZLjjYvV727SaS9fhCq1vEoLHsMT5/TmY8qtzJIW5QaS2U55vVh"
    "/WHW1I6dVaodO1tRO3aWNTwKNGl1/6WAuc2HsfW+MPoNKf3xE3oZOJfhWqUdyglW7R7DBatgmTPm"
    "bkWkKFgXc2Jdff5TzNRqcf5G3JG0GJQslCmBpypFOS+3crJNHxaVWPj0Q8y+piVPq1G/EInkbPkT"
    "k6Ngxn+0uXwVV8SnCRUZikas7fh8ZsRUjjFLm8XYwthOa7y1G98b8m/XHpn2Cp21xP01vhrXlNW8"
    "NFXdQeWYwXKiXCdJ4FEWnL+lyi04kquNPkdXek+Ejpnux+BRotoxqNtBmUdx4cjmhl7f4+2PXmL8"
    "TBsICJy2LnCaF1ZVvzjPCQFUaM5Q5sBUieqVx/RyWe1KoxnO1wQLTFQ44+Y5BGsE/b8C96/ceA3J"
    "u2S7NuoI2Bqr9DN58AV2fuG+W2yWJgnW2KVuQGpNItqa1c2fr37+cnvxQVceH0nD0lmoIL68advE"
    "lmbjT9KMnKkDNJDD2Vj9X3ngYXqovDauWuS8mQetqR5eVyesJ5id32TIphCUlQhH18EMbqUZDNW8"
    "nV4IIT0EiiDbDygUQW67CFIv4QYAR/QdxHfzeUyhYWmcGb7kgozwA4yYh65Hb5VfUtEnqe6OhPt5"
    "jMyVjR/NoWN07YlEg6LQB/gh3G1XWUmuHbRA1tZZoQOymaFVe6Vbjh7IHKn0KO2h6Ag8kxep40lS"
    "RogtVG6znqhNj1CBpCZIamqLzQP+gdnH1LKymoN3DzqJJzSj3oENC8dk7sYRm0r7hhvtjS45Oohx"
    "v8rJAP3ygwH6uXMBIJaw7SmsjngsSppdk10Zc3Vpl20TaZMQm9niujZceERYtKCSb1VsJskFsZl6"
    "SaQBhtw3TCRNsQH29bC3fTfITzMtbsgwAv4HGJe8UhWFvcKoZHDraHVMksRElSKSmjwZJcyGBINA"
    "oYodCvk+6sxlV6cxhIcuk6LyhU0OXCV1N0pANE7YbW2kUZu14pja4pgRdbAbBBwh4Lj/gCNkBi+d"
    "syrG7qDc2B207USxTkYfIZrbifPEOomlWjzzSP56e/OpxLoP6bNrJB156L/IoWJr5n3CMBn61PEo"
    "E8fqsfswShQ+qeUyUqkvPl78ntW2bz/cXGYloQa4bJ3Ff8NGpFdu9evbVSx/i0eUa83/O7WvL7iK"
    "UEtZoLnKQOaOfSSvBXv+gSXOuKevIzyW8vlJt0HRhrq22JUBL//VdOjeZx51CrqjbfdRDdIPIrSq"
    "GjQR/WYMmv1mMGdOoa0Sa5ZUK86hDWPN5V6BlpmpYxAz7eQ8PWiwcoDH6V0Ql44mxeozvLdGd+Il"
    "1Tq9WS7eDadBPZcaika1TqvUjVw5TNsAJli66LNuox2P+qwMEA7JO4huv9J2bX/Fdm2/KPWbeYXt"
    "PMr9hATL7l2F/SyX3XAKvv8/GecdHA=="
)
