"""Keys that go elsewhere than their project are not active for a release that does not know them.

Such a release reads `is_active` alone, and would send a key with an address, a provider, a prefix,
an authentication or names of its own to its project's address. From now on a key is in use where
`in_use` says so, and `is_active` follows it for keys without anything of their own, by a trigger.
What such a release writes to `is_active` goes the other way.
"""

from tortoise import BaseDBAsyncClient

RUN_IN_TRANSACTION = True


async def upgrade(db: BaseDBAsyncClient) -> str:
    return """
ALTER TABLE upstream_key ADD COLUMN in_use BOOL;

CREATE FUNCTION upstream_key_in_use() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.in_use := coalesce(NEW.in_use, NEW.is_active);
    ELSIF NEW.is_active IS DISTINCT FROM OLD.is_active
        AND NEW.in_use IS NOT DISTINCT FROM OLD.in_use THEN
        -- A release before wrote it.
        NEW.in_use := NEW.is_active;
    END IF;
    NEW.is_active := NEW.in_use AND NEW.base_url IS NULL AND NEW.v1_prefix IS NULL
        AND NEW.provider IS NULL AND NEW.auth IS NULL AND NEW.model_map IS NULL;
    RETURN NEW;
END;
$$;
CREATE TRIGGER upstream_key_in_use BEFORE INSERT OR UPDATE ON upstream_key
    FOR EACH ROW EXECUTE FUNCTION upstream_key_in_use();

UPDATE upstream_key SET in_use = is_active;
"""


async def downgrade(db: BaseDBAsyncClient) -> str:
    return """
DROP TRIGGER upstream_key_in_use ON upstream_key;
DROP FUNCTION upstream_key_in_use();
ALTER TABLE upstream_key DROP COLUMN in_use;
"""


MODELS_STATE = (
    "eJztXf1z2zbS/lcw+qW5GdcTf8bN3dyMnbitm8TuxM7bvpd0aEiEJZwpQiVIK5o2//sBIE"
    "XxWwSoD4remU5qk1iQfhYEdhe7D/7qTRj3hx7h+7967L9k4Pdeo796Lh4T8UP+5h7q4ckk"
    "eUte8nHfCdsnmvW572HV3wN2OBGXbMIHHp34lLmy8VviEJ+6Q8Rcgh4JmXDkjwjy2HQPcS"
    "Z+xj4aUe4zb4a4j2cceQTb8lF7CLs2Ih7mhCPqcyE94/vyqTYbiMeKTtf1gMClfwbE8tmQ"
    "iL488ZjPf4jL1LXJVwFG9Ovk0XqgxLFTYFJbdqCuW/5soq59+nT19kfVUr583xowJxi7i9"
    "aTmT9ibtw8CKi9L2XkvSFxxRv6xE5A7AaOEyljfil8Y3HB9wISv6q9uGCTBxw4UlG9fz0E"
    "7kDqB42ZTRy+T22+75KpRe1/R2+YaG1Z1zd31u3lnWX1cuqVb5JRSHRpwFw5NKjrS7z++h"
    "b2u8BFXe3JB7z5+fzji6PTfygk5uMtQq33TQliH4eiCvsF2Or/ObjfjLBXDPe8fQZw8aIm"
    "UM8vLLBefANz+OYArQHS3hh/tRziDv2R+PXw5csKjP/v/KOCWbRSODPx0YYf83V06zC8J/"
    "Fe4OvQJ2LpgpwSMkI6GrIaY3q3YRYT6hO1iaeDclKmg8P59LgGzKfHpSjLW2mQ+2KatwLP"
    "0QE5KbOSkdwqjA9fHp/VGszHZxWjWd5MI025JUwCMQvkob5gzCHYLVkMk3IZuPtCcF2Dej"
    "6bbHbZu7i5eS97HnP+p6MuXN1lUP704eLy44sDBb5oRH11+er6LgO4R8Qfy31uTYhnjakb"
    "+AXQX7l+Mewl0hkFiL9oB8f7UL7E94cHx6+Oz45Oj89EE/We8ZVXFRrKAy0/nwn2sOMQx5"
    "rjpgF1qTyAnQdboMSmxLZCIzWP8i+3N9fFMOclM/jadOCjv5Ej3ILdw7kCRAlJak6ZT9Qv"
    "Ppz/np3D37y/ucja3LKDixI9MI8OqWukiIQoaMJcE08H1sQjD/Srjg2TEuqiEbMGg/wBU4"
    "c9FRnk5WM9KQOD3HyQU84crF5SY5CnhDbnDvVc5pJ8yCS+uooBXsdEL7fPc8Z5Inin4WrO"
    "RWD+qBc3YQPtIZyUAZhrwRy4Y+ITjxSEXMtxTgltcKpQttC6wqtrnTL6gT0kRX5O+WKYEI"
    "G10HwtnDCHDijRgj4pA9ibYz/wiMTGwgVr5Vtxx6djUqyBtGRWB5Ho/vyHHQzVVqji7urD"
    "5e3d+YdfU/p4e353Ke8cqquzzNUXpxkdxZ2g367ufkbyV/Sfm+vLrNridnf/6cl3woHPLJ"
    "dNLWwnMZlfnl9KryET21DNaUlQc6vVbMtdYiM1pyVXoObdmVd3QstyJ/7hMbE9LC/08eBx"
    "ij3bSt1ZDAe501+wOxFJ/fjuIyl1J+NsiU8TASPB43dktrsf9+JqNDJTX43PHklRxE8PqD"
    "vZS5cgkiOMHbKyMZe/NT4cZ69gFw/VnySf/W2vZFwVpulkBl5Vqk4QNbUeo7ZL83VEp2gs"
    "dORR7CCH4Cci82kolwk1yCYDbzYRCkTMdWZIQMIQRkMPu36YTOOSJ+JF113xH58SL5+ys6"
    "ZnLM/a+ZyMZVC79wek8bQhjUegQLT25WOBDfrvm3Hd1xInGUX7iXXhnbfvYF7JwWkNeA+y"
    "NswCXXkr4yfSiZhsfPK1AOI7cbXER0xJdQLoKkPy8ve7agc9tiPf31z/NG+e9drTwBNXLR"
    "TiLeXqZhXN2OVDvFB4XWrYXrra6of7lNDhqGCol+Y8LASMkhyMRvnBusBdcYqDcaaUawUc"
    "0qQ006RitK0+eWAepKdtCPc+C1zRPdOZn5My3dsNO6pl5R1VWHlHRVnElHnUn2nMzUmRzc"
    "3OL7MYv2zPjAxZwpvKEoZkpiKsu1Jd0GqYV19cgAPRsQa+8/bdw/bgsM5sIVqV+xyHublC"
    "BbisMZ7kMS7fCE8JwU447ITD5lnlFmkUGi8MpJSHvtNSqwyBt1e1S0LduR3JGtmXPwp/lA"
    "7dd2SmYL4Sr4LdQZGrWVStvZvQ5jbWxGUPT+PdmMzYEhiEe/FKBee3b87fXva+le/2bmaX"
    "LtzcrNyni/c/a+3U+XHrpXt1v8nadizL1tEUc0S+DkbYFe+LHpi3hwLXpw6iPiKuXVA3ry"
    "vcoCa+LDxbPquUxmQ3t6mmniT/Od6x3TTOAm+gVbG9kOjERsS6jX3Y8YEdnzapYd1bPg/E"
    "H4yM7P+0JNj/rbb/ydcJFd0ZqDktuRk1b3JPdde1rJEiuV6jucJYrmUka9jGVz5HnAw8Iv"
    "6PPcUHxRF7kNxQ1ENs6u6hPhnggBNhBHvMV1mMaEr9EZJVnA6eoJEwi/0pQ8pOVkM4Z0Sv"
    "7SmQy7ajuWztp6SCTDaw8wrtvBYZALsTcd8JAyBNFvQkVlETaz4tCVpus5blVFFOUHRBh5"
    "UcRR2lJvrh8PDo6NXhy6PTs5PjV69Ozl7G6SL5W1V5IxdXP8nUkZR287kkfwbC4LPIhA0K"
    "9oZL8c9IbTEtp6VJkyFAMulGb2Cn5TqD64YHNXDNbWiYA9cccM1tHedtcc0R154w9RIGqk"
    "gJgzaaa4NOjPQQiYEGzDUA1DtAvfP8sI+sFYFsUBTuqzLyc6Jg55vZ+Q4WKAbcKFCUlYVQ"
    "UZtDRZDe+yzUDOm9kN7bpfTeRMJjuAFfYCjo0xTdqr46BPqayYqSoJXndSxQXZrdYfFF26"
    "VJHncjgmw6FAafTLrAUSrGPrpfbEjeIypTNEQDV50LxhxbnRSm2hdmZOSzPNb3mDppHmHS"
    "C6R3tCK9IxwGecDLUxAWEqtJQmjRYVirT62GFITnYIqCx/Es1Byu53rLU1IGvI1qbyPOhm"
    "3sa3SNoTPraSRHVcvKCLm48yHcCC8uIkw0WGI/B7JpYle9nv0sg3Xo+AyNWOAVlAkWNymw"
    "Wz/3+sHgMbTc055d6ptOEEsoW1D+MN+wC43cohznSDp6gmj1OdXr/LqWjVwVRi6cgApix9"
    "Fga6+9tsHYcbnRvBgYOmt9YjjBOt/mdR4iiytzPMF4WhugcMjyBvz3eEmvi3As0EF411IB"
    "E9tKGiAnZQDnejibJc83zrOEzIMe8TzmaeK+kAHUzVAfOJS4vmUCfk4UdGCmg5gDyEQLBc"
    "KgBzM9UHfAxhMVI9JSQVoO0Df8CtxH4WlKhnMZzjJbh8v7AK2YamXi0QGxjRVSIL7TlNOb"
    "Xp+FdT9UO1/WiDmmaqjqBbRRXxsTT0z0vlV6PlqFCnKiMCMZfhHhWisJvUz0UCgOujDUBV"
    "Y8X0Z6yIqCDkwrczFnrngvIzUUSYMmTGcm7lsudpn2lJSU61Cd7obx7898wi1akBtRhX5S"
    "CkZ+E+RZoFm1lRID7M2w9/2HvvVSD/iFDKDeAPUDA9QPAPWGqB8aoH4IqDdE/cgA9SNAvS"
    "HqxwaoHwPqDVE/MUD9BFBviPqpAeqngHpD1F8ZoP4KUG+I+pkB6meAekPUfzBA/QdAvamX"
    "ZOKcHoB32hh3I/cU/NPGuJs4qAfgoTbG3cRFPQAftTHuJk7qAXipDXCXXBIjgm3duG9aDt"
    "BviL7mApuWA/Qboq+5zKblAP2G6Gsutmk5QL8h+ppLbloO0G+IvmZ8OC0H6DdEXzNOnJYD"
    "9BuirxkvTssB+g3R14wbp+UA/Yboa8aP03KAflNvy9TZhVjyavA3dnfB310J/qYOL8SWV4"
    "O/qcsLMebV4G/q9EKsWRf/HPvgVnnyfmaB1ytnyVO39+pw5I3mLZcy5F2KsSPGi9BGnhov"
    "cw848YATDzjxGigGOPGAEw848YATb8NQAifernO1AScecOJ1z/cCTrxtow6ceNvXAXDitU"
    "MPwIkHnHigFeDEaxP+wInXJm0AJ972dQCceC3SBXDibV0HwInXFk0AJ9528QdOvO0iD5x4"
    "28AeOPG2hjpw4gEn3nNBHTjxgBPvuaAOnHjAifdcUAdOPODEey6oAycecOI9I9yBEw848Z"
    "4T7sCJB5x4zwN34MRrBfrAibdN9IETb5voAyfeNtEHTrxtog+ceNtEHzjxtok+cOJtE33g"
    "xNsm+sCJt030gRMPOPGeNf7Aibdd/IETb7v4AyfepvBvDSfex7BQ8T0b9gpJ8RL396pZ8a"
    "KSR8uJmi6lxTtHDrGHxEPE9b3ZHsIcYeSx6T668jmiNqIc+SOCoo6/U9ewK667iHm2EGQP"
    "SPGV9TLaXWHXX9wvruLoQw/U8aMbQtKh3Ecj2a+L1FAVV7Evnmdz2YlsQu09xFl4HaOJ0A"
    "ByyVQ87vsH6glpyr+4nvh84of+U74kdkW76OnyNROXqOj7xb34d191YFFZb3r/jzLiwCWc"
    "f+LfHN/f/FrMHjS/wH3sBzx5hQX+gIUUcfKSFkNgOdPW6jm2ltME9v71ELgDOSqRepL85/"
    "jfvTXNMU1It8qZALE2CyAGBkBgAOyOaoEBEBgAtwrluhkAgZ9uM/x0Y2E/sYK5oYJqMZbo"
    "IMYHpzUgPsiukQuE5S2gstzsEF4Y62mIb8fYcUq9+YXU5hz5deIc+vJHh69OY+9d/lLlr9"
    "9+OH//viBAsnB16o7ZhEgXR22d1e2wfHU7zK1uik9MB+BYoIPwntVA96wU3LMstlvnVALu"
    "jNctYlUCbbxuAa8SaOF1a5iVQBevgVtp2/jvErdSR8HfFXqlzsGvCpaKPNalVU4NHFaYde"
    "SGTyAQkkalLvoZQRj8zdMvdFWQEQQVNPMGrKlHfWLuEuTkYVZahT4ORo1VkuoCtGKqFRzY"
    "lAlbcxKYBZOK5UEfzfQhrM9mCsl1ABox1Qgdy1MxzL+QYnnQRzN9NPhCSjoAjZhqZEr6Fi"
    "fYE4uzpiqykqCDZusGJ+JlbKMVIyEKWjDVAifeEx0If4HqJU5l5Yz2P9umgdT259Fhjf3P"
    "o8PSDVB5KzPiXT4lnqWdeZKV6x7Wa8k/UVsCnAXeQGtLPyPWPbBXnxQYn004EENUB+ucIK"
    "C9HO1HMtNMG15INEgabhnKq8kZxr5PxpOiY9Z+ub25LitZWMhkCxfowEd/q6qcTiEqwZA9"
    "x8UK8/H54sP579mh++b9zUUWetnBReGRd1pTcyzRvXmizjRRPkuoSaI11Xznwj73L5+I6/"
    "cKq/kS9/eqq/mkpe9bJG66tJrvxpVFcS6ZF8hJvJ18ZV55szoVbOINmBpw8yo0rOq2kld8"
    "OVKTNW7dqExTNijfl8V/LpmKPw8K1KBAbfsFavEHWdulmgt0MG93Lc7UYobTgDiS6CDGq7"
    "fqowVDgaSBckasg1CvPg6TWps1gS5cfztgfq4nAjOSnAFazlVCpJFvZTSmE4ZOP6COT12+"
    "Lx+7DSNnLS4XnegM+bB198b66ifvOemI3pSSlgKcl+MMJXBrqYttT+DAHlP3E1dud1HcIL"
    "69tyRsIBtawbzlcg4gF+HBgAWuH/LkjPEMcTp0FYcOUxEC1aWiz+EFRD/68svjDBAxaEPE"
    "QA4i9bPGnJOUWc2ksxzyzU05J3UsRdGqfNI5yVmKE8z5lIkJZIT5SAfqnGAHJ/nDk5M6tv"
    "nJSbltLu9lTBbmaI3pefvN4RvO4uuaLdbNL0G5JSMgTwUgXzCBJXZLpuukXAbsvhBcF9rz"
    "CWWzE/PFzc37lJdzcZVJWbn+9OHiUmCvoBeNqK8uF2Rre0RCYumHeNOSEOptdajXwSG5o7"
    "Dv9DWdE16BslvmgnVJ1/HiHkaFTL7tki7gI2+d4jWc0GT6IucCp6L80Ujyx3cfiYNLtiLS"
    "nuVt2Nnu6n5xNZqXvm3AXZ+jVu6xJ3Bd7rTzROMa3L3Syyb298K17ntsKvyufXQnvO0BY4"
    "+UfMcRJ2J1lyS3iPvMI7bk4KU+RzYVjriPmOvMinh7V9VtnWwCFaaA/IBWePuh/nT8ooVE"
    "5zz91cdvwUbv7PKds9E5IcYmekIWVN1qVZOvEyq6M1B0WnIzat7kXNolLcO+8ZoKJ4TpZw"
    "nrWo9POS21wYDsZmKxx7VSUY4rUlGO86koCjM9UzohAlzrRbvEaXTz0P4oPCPhR70jMwXw"
    "lXgP7BZWVRXv8O4msjknXFz28DT27JLjSkAg/CUShrTfnN++OX972fu2rd33D+rWWMwrd7"
    "LGvFfo0Wcb7VU79eO4eVi4Xs+v/0ieRGNb+NGEI+wR9Egm/p46GueRkIncUKceku/2GqkS"
    "AXmqjvDFJwQ/qiNq/LxTv6I+Yd++PTPSXoUnr7tn3939+lrL6UHFcnqQX04hTrJWu3Ckec"
    "LGvH0Hkx9WvzPPB0wvxz4WAHhrwAsxPpOVbudCAipOJ0xZE0VnZWEXvs2a9kLD2UDPaUnQ"
    "ctu03Jq8719Y4LnY+ZVx6pfuJWcb7VV7nv8Nm1uTZPulnucH9kTs+dGpXLyCLA13eVjMKH"
    "d5fbUNHLg+8fj8UNU+9gcjJMAWV1je81xBn/L814/SHZWOq0ueiIc8Mpb9ysNdRY/CRkeK"
    "Bxw9MA8RLGS5jz1feq4YTZn3SDzh18rjY4lKT5dFEUjqDznMHX5x8YM8VlZ4vVPxQnKcB2"
    "MSHkYbRijEg6bUF28kpAcjWTqvXlS2Zg8Pwo9G3MUTPmLikZ56/8FjMBH3vrj3YoCfW2+v"
    "Pt6H7rbshwW+2jAXPrZ6KAscG/XnMIgHD8VXhh48NlbN+mRIXXnIwj66ZkieYTvGj4R/cd"
    "VL0LFQMqdC8eEDXOaLNxwi4cCSOe7qD+d4xtFUiqQgx448AHeGRsyxmzr582GnVwqUlgIP"
    "qcRDKnf3k195JhGo6mChhBQQVxfl59YikQsmtqHJn5YEkx9MhDIT4adQ76XWQeL+EsNgmG"
    "5Zi1ImPrTdYWLF5MSj2KGczJfu8VguUmKpHQe+6pkvzlx3g3FfLjJ9opbcJ6oWKhRVNmRJ"
    "adbxoC+uOtd9HeHr6rMcC1czw4l1u6tZ01McyxeuJ+wERTUiFatWLLK5Jevlzq9XrZnI3q"
    "hE9OJJLLpXewKLstrrzWO/jajwCqJT2aWRrjbkwolFdRMa+Ive0T2175WFj/vCXs87Nivp"
    "ccUzUiWPdsfmo42YeeVT16P443WcnHl7CKPXCKNXkNSU7xlXkdQ8z6SVNNmnrnsCbgm4Jd"
    "WrucwqGVS4JYn7S1Z1L92yllsSheCkTyDDfnLhVX6DSlfhoTNxj/17WagyHYmlmfpoIAOQ"
    "YhwwKTIgxdyYq+q4weLOg740KzRnwLTU1rJn1JPkP8c7ljYDa/oa13RYgGABWvUC9DPBnt"
    "8nuIRqeXF7yfIzSjWsUXkZ7il9x/dQf6YWBfnsolrK8oYNVoewU52ZaiEB2yva2yswc8HM"
    "teqZ6x2ZfZQpoYXz1vzmkllLnmzhzdstnbQ+uT51QnsVIyEqrVeX+QhzmRguDV0mbF+V+b"
    "yHot+Ia0+Y0L0Uk3vvLLyvRMVL2/kZb21PKZguPyfO9ojPB5p3FhaVbzOQFk2J7Z1G2xFH"
    "286BLjs0sWoEebRP12p2rFbbQNwAq3M8vWiAnJQBnOvhHMh1RNfsioWgoLpthlc6pxZzve"
    "MUFhLw/ZR/P20ybm997Jfs88Z3a5i3PG5YwykXAt9xJPPrEfE85kUJlyNlMMogrWQsCvhE"
    "zMfEfi1uovBwSdUMI1+SF3FM7TAAHLbv4wIjd72PahAYaIsx9TzCxbGCDXL/srJQH9DmFU"
    "t+rwZKToiBftus3wdMHfEpSn0VsCmWRgKyYp1JSTs8OH51fHZ0ehyHAuIrVRGAfHK0KnZT"
    "K6SOuZeW6h6Xzlo8pgVopkWJSWGYr9o2X7XGuv8UnVt9o5INeoU2fqbNEks/PgmbLZrXOb"
    "Zkbj8vzGtZ8CUsyqg/FBVVR9Vb0xFLxKGpH9nsMo1TRqofXVljVsSest5HFUa2o7zSzBmq"
    "KepUlW8aNZhnIiSqyP+QJ7EWXS/1Hjw2LfQeqoLhCxkIiK8mIK5XO7fKmrl2rZEndTJQRK"
    "uKcz9yOSiQ4LPGkyXFlPVEbb28hKRMB0FePTlOel2oG+VJS8G2WTbdPLGS1s42T8gAoNl5"
    "tiVxyE6ACZxCJgDvhE+XUnNI/mCi5pQkeO5t03J7PHcu7rwVY8AtP7Qk02ZviecuW1t2qn"
    "ndmnI0EV70iAXhptj9W4Hu9e3VzbX17vL/71+HTCWUo6HHgolwpPsz5BKq9tfCSktXeNYq"
    "f6W4imOlT5AUNPfxn6kqP+7FknUfF4jEcYDoKNQ9GQKQBCy2bCtb3KvK5ftyl78fDB6J+o"
    "RTeC4KnlNGXNL+CLN48hGCtESq1+hhKkiQ7KqwEaTOtTJSsBgwOqvFQgoMgtYtFWma2cSn"
    "WNehTgmBR13Doy7hoCiHuIyBogvwHhye1an7OjwrL/yS9yBmATGLXQMUcqfXvUPtEfGXFm"
    "ZYVO4wJaQ6k2CxYY46tbOviftCBlA3ZAZ05T6va4VOstnoL+8DtGKqlYlHB8Q2VkiBOOjC"
    "TBeDkeTskZFLS9LPGqqkqhfQjJlmhPU9nkTHFmmqIycKOjD8OgSODlFUdyZ6KBQHXRjqAg"
    "9GMtXXRA9ZUdCBmQ7CKjDxXkZqKJIGTZjOTNy3XOwy7SkpKWeEfsv2Jp8hh+tFYA+Jf+4Q"
    "ryT5N9lgr3r/sK+aWjhuW6PMj4/kORDsQXFHhB3Icw7kb1MxCiQ7mzotQjK4IcUoMd+ks4"
    "lDn4g3k8LkiQgVFtX2rbz/kt0+2bG8HXZqqRMrhJ8nL6lXaMZg0dqzFXe23K/dNEBQjG62"
    "y7b4DuvGfRcSbQ789u5G89nrOy6LDvai+oPoGBiVnCDTH8LSZTFjyXSI/Hxo3s2S9O6TWu"
    "ndJxXp3SfZAHPBTFrfNikQbvOpKL1PLv2K5PzxT/QyPOgoWqtUncoIS96laMEqWOa0pVth"
    "d4brYk6t1QcxxEKtVuevxBsIi0HqQpoSeCyziPJ6K2+26lMbEgufeoje17SQaTXq5yo3a4"
    "am0owTP7miF+GefG8z8Soej2n9iwxFLdF2fD4ToqvHWKTNagRvrdxbOyeeWK57hY5adG+J"
    "j4YXrZZ5Z+WKWPFBF88lw7BhIX7FyTvE000tS4i02fA1rjdcg0EqPysNhKPmHUT3oFY+yU"
    "FFPslBPp9EPNEvXNB+ub25LgtAxiJZt5wOfPQ3cijfxYWtAlwJRsoZn2P64sP571m437y/"
    "uch62bKDi20vad/+BxPuoqI="
)
