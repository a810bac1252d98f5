"""The requests that record.py sends, and what mfhm answers differently."""

import json

JSON = [["content-type", "application/json"]]
HELLO = {"hello": {"path": "/hello", "methods": ["GET"]}}
OK = '{"code":0,"message":"ok"}'
NOT_ONLINE = '{"code":-1,"message":"Service not online"}'
MISSING_SERVICE = '{"code":-1,"message":"Service not online","name":"","host":"","port":"","methods":{}}'
MISSING_SERVICE_FOR_API = '{"code":-1,"message":"Service not online","apiUrl":"","apiMethods":[]}'
BOTH_404 = "one answer that suits the clients of both versions"
OLD_SERVICE = "services of 0.0.2 do not send the fields, so they may be absent"
SURROGATE = "a lone surrogate would make every later lookup fail"
KEY = "the key could not be sent with a ping"


def body_bytes(request):
    if "body_hex" in request:
        return bytes.fromhex(request["body_hex"])
    body = request.get("body", "")
    if isinstance(body, list):
        body = "".join(text * times for text, times in body)
    return body.encode("utf-8")


def online(body, headers=JSON):
    request = {"method": "POST", "target": "/online", "headers": headers}
    if isinstance(body, bytes):
        request["body_hex"] = body.hex()
    elif isinstance(body, str):
        request["body"] = body
    elif isinstance(body, list):
        request["body"] = body
    else:
        request["body"] = json.dumps(body, ensure_ascii=False)
    return request


def get(target, method="GET"):
    return {"method": method, "target": target, "headers": []}


def service(name, port=1003, methods=HELLO, kind=None, data=None, **more):
    return {"name": name, "port": port, "transmissionType": kind, "transmissionData": data, "methods": methods, **more}


def without(value, *fields):
    return {field: entry for field, entry in value.items() if field not in fields}


def raw(name, /, **fields):
    """A body whose fields are JSON texts, for what json.dumps does not write."""
    texts = {"name": json.dumps(name), "port": "1003", "transmissionType": "null", "transmissionData": "null",
             "methods": "{}"}
    texts.update(fields)
    return "{" + ",".join(f'"{field}":{text}' for field, text in texts.items()) + "}"


def detail(*errors):
    return json.dumps({"detail": list(errors)}, ensure_ascii=False, separators=(",", ":"))


def error(loc, message, kind, /, **ctx):
    return {"loc": loc, "msg": message, "type": kind, **({"ctx": ctx} if ctx else {})}


def ours(why, status, body):
    return {"why": why, "status": status, "body": body}


def cases():
    found = []

    def case(name, request, before=(), ours=None):
        entry = {"name": name}
        if before:
            entry["before"] = list(before)
        entry["request"] = request
        if ours:
            entry["ours"] = ours
        found.append(entry)

    whole_body(case)
    json_errors(case)
    fields(case)
    methods(case)
    keys(case)
    registered(case)
    offline(case)
    lookups(case)
    routing(case)
    return found


def whole_body(case):
    good = service("wb")
    case("body/plain", online(good))
    case("body/old service", online(without(service("wb-old"), "transmissionType", "transmissionData")),
         ours=ours(OLD_SERVICE, 200, OK))
    case("body/pretty", online(json.dumps(service("wb-pretty"), indent=4)))
    case("body/none", online(""))
    case("body/none, no content type", online("", []))
    case("body/none, text", online("", [["content-type", "text/plain"]]))
    for text in ["null", "true", "false", "0", "5", "1.5", "NaN", '"text"', '""', '"ab"', '"abcd"', "[]", "{}", "[[]]",
                 "[1]", "[null]", '["ab"]', '["abc"]', '[["name","x"],["port",5]]', '[{"name":1,"port":2}]', "[[1,2]]",
                 "[[null,2]]", "[[[],2]]", "[[{},2]]", '["ab",[1,2]]', '[["a",1,2]]', '[""]', '["\\ud83d\\ude00x"]',
                 '[["port",1],["port",70000],["name","n"]]', '[["name",{"a":1}],["methods",[]]]']:
        case(f"body/{text}", online(text), ours=old_service_answer(text))
    for kind in ["application/json; charset=utf-8", "application/x+json", "APPLICATION/JSON", "application/+json",
                 " application/json ;x", "application/json;charset=utf-16"]:
        case(f"content type/{kind}", online(service(f"ct {kind.lower()} {len(kind)}"), [["content-type", kind]]))
    case("content type/absent", online(service("ct-absent"), []))
    case("content type/empty", online(service("ct-empty"), [["content-type", ""]]))
    for kind in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "application/xjson",
                 "application/json/x", "json", "text/json", "application/json, text/plain", "application /json", "+json",
                 "application/jsonx", ";application/json", "application/json charset=utf-8"]:
        case(f"content type/{kind}", online(good, [["content-type", kind]]))
    text = json.dumps(service("enc-\u670d\u52a1"), ensure_ascii=False)
    for encoding in ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"]:
        case(f"encoding/{encoding}", online(text.replace("enc-", encoding).encode(encoding)))
    case("encoding/two bytes utf-16-le", online(b"5\x00"))
    case("encoding/two bytes utf-16-be", online(b"\x005"))
    case("encoding/one nul", online(b"\x00"))
    case("encoding/three bytes with nul", online(b"5\x00 "))
    case("encoding/utf-16 of odd length", online("{}".encode("utf-16-le") + b" "))
    case("encoding/utf-32 cut", online("{}".encode("utf-32-le") + b" "))
    case("encoding/utf-32 out of range", online(b"\xff\xfe\x00\x00\x00\x00\x11\x00"))
    case("encoding/two marks", online(b"\xef\xbb\xbf\xef\xbb\xbf{}"))
    case("encoding/mark alone", online(b"\xef\xbb\xbf"))
    case("encoding/utf-16 mark alone", online(b"\xff\xfe"))
    case("encoding/latin-1", online('{"name":"\xe9"}'.encode("latin-1")))
    case("encoding/cut utf-8", online(b'{"name":"\xe4\xbd'))
    case("encoding/overlong", online(b'"\xc0\xaf"'))
    case("encoding/above the last code point", online(b'"\xf4\x90\x80\x80"'))
    case("encoding/surrogate as utf-8, elsewhere", online(
        raw("surrogate bytes", more='"?"').encode().replace(b"?", b"\xed\xa0\x80")))
    case("encoding/surrogate as utf-8 in the name", online(raw("?").encode().replace(b"?", b"\xed\xa0\x80")),
         ours=surrogate(["body", "name"]))
    case("encoding/not utf-8 after a syntax error", online(b"nope\xff"))


def surrogate(loc):
    return ours(SURROGATE, 422, detail(error(loc, "lone surrogates are not allowed", "value_error")))


def old_service_answer(text):
    """Where Python reports the fields missing that mfhm takes as optional."""
    try:
        value = json.loads(text)
        fields = dict(value)
    except (TypeError, ValueError):
        return None
    if not all(isinstance(field, str) for field in fields):
        return None
    missing = [error(["body", field], "field required", "value_error.missing")
               for field in ("name", "port", "methods") if field not in fields]
    # The few bodies with a present field are spelled out.
    present = {
        '[["name","x"],["port",5]]': missing,
        '[{"name":1,"port":2}]': missing,
        '[["port",1],["port",70000],["name","n"]]': [
            error(["body", "port"], "ensure this value is less than or equal to 65535", "value_error.number.not_le",
                  limit_value=65535), *missing],
        '[["name",{"a":1}],["methods",[]]]': [
            error(["body", "name"], "str type expected", "type_error.str"), *missing],
    }
    if text == '[{"name":1,"port":2}]':
        # A list of one object with two keys is the pair of its keys.
        missing = [error(["body", field], "field required", "value_error.missing") for field in ("port", "methods")]
        return ours(OLD_SERVICE, 422, detail(*missing))
    return ours(OLD_SERVICE, 422, detail(*present.get(text, missing)))


def json_errors(case):
    for text in ["x", " ", "\n\n  ", "{", "[", '"', '{"a"', '{"a":', '{"a":1', '{"a":1,', '{"a":1,}', '{"a" 1}', '{"a":1 "b"}',
                 "{a:1}", "{'a':1}", "{,}", "[1,]", "[,]", "[1", "[1 2]", "[1,", "{} x", "{}{}", "1 2", "nul", "nulll", "tru",
                 "fals", "Nan", "NaNN", "Infinit", "-Infinit", "-", "-x", "+1", "01", "1.", ".5", "1.e5", "1e", "1e+", "-0x", "1.5.2",
                 '"a\nb"', '"a\tb"', '"a\x00b"', '"a\x1fb"', '"a\x7fb', '"a\\', '"a\\"', '"\\x41"', '"\\u"', '"\\u12', '"\\u12"', '"\\u123"',
                 '"\\u123g"', '"\\ud800\\u12"', '"\\ud800\\uzzzz"', '"\\ud800\\n', '"\\ud800\\u', '"\\ud800\\u0041', '"\\u0041',
                 '{\n"a": 1,\n  "b" 2\n}', '{\n\n\n', '[1,\n2,\n x]', '\u670d\u52a1', '{"\u670d\u52a1": x}', '\U0001f600', '{"\U0001f600":1 x}',
                 "\x0b{}", "\xa0{}", "{}\x00", "\ufeff", "// x", "/* x */ {}", '{"a":1}]', "]", "}", ",", ":", '{"a":1,"a"}', '{"a":[1,{"b":]}',
                 "True", "None", "undefined", "--1", "-01", "1_0", "\u0661", "\r\n\tx", '{"a":\u2028 1}', '{"a"\n\n:\n\n}', '"\\U0041"', '"\\/\\b\\f\\n\\r\\t\\"\\\\x']:
        case(f"json/{text!r}", online(text))
    case("json/raw surrogate in a broken body", online(b'{"\xed\xa0\x80" x'), ours=ours(
        "Python cannot write the body that it repeats", 422, detail(error(
            ["body", 5], "Expecting ':' delimiter: line 1 column 6 (char 5)", "value_error.jsondecode",
            msg="Expecting ':' delimiter", doc='{"\ufffd" x', pos=5, lineno=1, colno=6))))
    case("json/4300 digits", online([[raw("json-4300", more="")[:-1], 1], ["7", 4300], ["}", 1]]))
    case("json/4301 digits", online([[raw("json-4301", more="")[:-1], 1], ["7", 4301], ["}", 1]]))
    case("json/minus 4300 digits", online([[raw("json-m4300", more="")[:-1], 1], ["-", 1], ["7", 4300], ["}", 1]]))
    case("json/4301 digits after an error", online([["[x,", 1], ["7", 4301], ["]", 1]]))
    case("json/4301 digits before an error", online([["[", 1], ["7", 4301], [",x]", 1]]))
    case("json/4301 digits of a float", online([[raw("json-4301f", more="")[:-1], 1], ["7", 4301], [".0}", 1]]))
    case("json/900 deep", online([[raw("json-deep", more="")[:-1], 1], ["[", 900], ["]", 900], ["}", 1]]))
    case("json/975 deep", online([["[", 975], ["]", 975]]))
    case("json/976 deep", online([["[", 976], ["]", 976]]))
    case("json/1000 deep", online([[raw("json-deeper", more="")[:-1], 1], ["[", 1000], ["]", 1000], ["}", 1]]))
    case("json/1000 deep, never closed", online([["[", 1000]]))
    case("json/120 deep, never closed", online([["[", 100], ["{\"a\":", 20]]))
    case("json/objects 1000 deep", online([["{\"a\":", 1000], ["1", 1], ["}", 1000]]))


def fields(case):
    def many(label, field, texts):
        for text in texts:
            case(f"{label}/{text if isinstance(text, str) else text[0]}", online(raw(f"{field} {text}", **{field: text})))

    texts = ["null", "[]", "{}", "[1]", '{"a":1}', "true", "false", "5", "-0", "1.0", "1e400", "-Infinity", "NaN", "1e16", "1e-5", "-0.0",
             "123456789012345678901234567890", '""', '" "', '"\\u001c"', '" \\u00a0x\\u3000"', '"\u200bx"', '"\\ud83d\\ude00"',
             '"a/b"', '"\\u0000"']
    for text in texts:
        case(f"name/{text}", online(raw("", name=text)))
    for length in [500, 501]:
        case(f"name/{length} letters", online([['{"name":"', 1], ["n", length],
             ['","port":1003,"transmissionType":null,"transmissionData":null,"methods":{}}', 1]]))
        case(f"name/{length} wide characters", online([['{"name":"', 1], ["\U0001f600", length],
             ['","port":1003,"transmissionType":null,"transmissionData":null,"methods":{}}', 1]]))
    case("name/a space and 500 letters", online([['{"name":" ', 1], ["n", 500],
         ['","port":1003,"transmissionType":null,"transmissionData":null,"methods":{}}', 1]]))
    case("name/absent", online(without(service("x"), "name")))
    case("name/lone surrogate", online(raw("", name='"\\ud800"')), ours=surrogate(["body", "name"]))
    case("name/low surrogate first", online(raw("", name='"\\udc00\\ud800x"')), ours=surrogate(["body", "name"]))
    case("name/long and a lone surrogate", online([['{"name":"\\ud800', 1], ["n", 500],
         ['","port":1003,"transmissionType":null,"transmissionData":null,"methods":{}}', 1]]))
    for text in ["null", "[]", "{}", "true", "false", "0", "-1", "-0", "1", "65535", "65536", "1.0", "1.5", "0.9", "-0.5", "65535.9", "65536.0", "1e3",
                 "1e300", "1e400", "NaN", "Infinity", "-Infinity", '""', '" "', '"1003"', '" 77 "', '"+5"', '"-5"', '"+ 5"', '"1_0"', '"_1"', '"1_"',
                 '"1__0"', '"01001"', '"1.0"', '"1e3"', '"\uff11\uff12"', '"\\u00a078\\u3000"', '"\\u001c77"', '"\\u00a0\\u001c77"', '"7\\u0000"', '"\\ud800"',
                 '"x"', '"65536"', '"0"', '"0x10"', "123456789012345678901234567890", "-123456789012345678901234567890", "[1003]", '"\\n79\\t"']:
        case(f"port/{text}", online(raw(f"port {text}", port=text)))
    case("port/absent", online(without(service("x"), "port")))
    case("port/text of 4300 digits", online([['{"name":"p4300","port":"', 1], ["0", 4299], ["7", 1],
         ['","transmissionType":null,"transmissionData":null,"methods":{}}', 1]]))
    case("port/text of 4301 digits", online([['{"name":"p4301","port":"', 1], ["0", 4300], ["7", 1],
         ['","transmissionType":null,"transmissionData":null,"methods":{}}', 1]]))
    case("fields/all wrong", online({"name": "", "port": 0, "transmissionType": "", "transmissionData": "", "methods": 5}))
    case("fields/all null", online({"name": None, "port": None, "transmissionType": None, "transmissionData": None,
                                    "methods": None}))
    case("fields/only an unknown one", online({"other": 1}), ours=ours(OLD_SERVICE, 422, detail(*[
        error(["body", field], "field required", "value_error.missing") for field in ("name", "port", "methods")])))
    case("fields/unknown ones", online(service("unknown fields", other=[1, {"a": None}], host="10.0.0.1")))
    case("fields/doubled, the last wins", online(raw("doubled", more='1,"port":"x"')))
    case("fields/case matters", online(without(service("x", Name="x"), "name")))
    case("fields/__pydantic_self__", online(service("self", __pydantic_self__=1)), ours=ours(
        "the name is special in pydantic's own code only", 200, OK))
    case("fields/self", online(service("self-field", self=1, cls=2, data=3)))
    for text in ["null", '"key"', '" key "', '"\\u001fkey\\u00a0"', '"KEY"', '"none"', '""', '" "', "5", "true", "1.5", "[]", "{}", '"\\ud800"']:
        case(f"type/{text}", online(raw(f"type {text}", transmissionType=text, transmissionData='"k1"')))
    for length in [1024, 1025]:
        case(f"type/{length} letters", online([[raw("type long")[:-1] + ',"transmissionType":"', 1], ["k", length], ['"}', 1]]))
    case("type/padded to 1024", online([[raw("type padded", transmissionData='"k1"')[:-1] + ',"transmissionType":"key', 1], [" ", 1021], ['"}', 1]]))
    case("type/padded to 1025", online([[raw("type padded more", transmissionData='"k1"')[:-1] + ',"transmissionType":"key', 1], [" ", 1022], ['"}', 1]]))
    case("type/absent", online(without(service("x", 0), "transmissionType")), ours=ours(OLD_SERVICE, 422, detail(error(
        ["body", "port"], "ensure this value is greater than or equal to 1", "value_error.number.not_ge", limit_value=1))))
    for text in ['"k1"', "5", "true", "1.5", '"a b"', '"a\\tb"', "[]", "{}", '""', '"~!#$%&"']:
        case(f"data/{text}", online(raw(f"data {text}", transmissionType='"key"', transmissionData=text)))
    for length in [10240, 10241]:
        case(f"data/{length} letters", online([[raw(f"data {length}", transmissionType='"key"')[:-1] + ',"transmissionData":"', 1],
                                               ["k", length], ['"}', 1]]))
    header = error(["body", "transmissionData"],
                   "a key consists of visible ASCII characters, with spaces or tabs between them", "value_error")
    for text in ['"\\u00e9"', '"\\r\\nx: y"', '"a\\u0000"', '" a"', '"a "', '" "', '"\\u007f"', '"\\ud800"']:
        case(f"data/cannot be a header: {text}", online(raw(f"data {text}", transmissionType='"key"', transmissionData=text)),
             ours=ours(KEY, 422, detail(header)))
    case("data/null with a type", online(raw("data null", transmissionType='"key"')), ours=ours(KEY, 422, detail(error(
        ["body", "transmissionData"], "none is not an allowed value", "type_error.none.not_allowed"))))
    case("data/absent with a type", online(without(service("x", kind="key"), "transmissionData")),
         ours=ours(KEY, 422, detail(error(["body", "transmissionData"], "field required", "value_error.missing"))))
    case("data/without a type", online(service("data alone", data="k1")))
    case("data/wrong, without a type", online(service("x", data="")))


def methods(case):
    for text in ["null", "5", '"x"', '""', "true", "[]", "{}", "[1]", "[[]]", '["ab"]', '[["hello",{"path":"/h","methods":[]}]]',
                 '[{"a":1,"b":2}]', '[[5,{"path":"/h","methods":[]}]]', '[[true,{"path":"/h","methods":[]}],[1,{"path":"/one","methods":[]}]]',
                 '[[1.5,{"path":"/h","methods":[]}]]', "[[5,1]]", "[[true,1]]", "[[1.5,1]]", '[[null,{"path":"/h","methods":[]}]]', "[[null,1],[2,3]]",
                 "[[[],1]]", '[["5",{"path":"/a","methods":[]}],["x",{"path":"/x","methods":[]}],[5,{"path":"/b","methods":[]}]]']:
        case(f"methods/{text}", online(raw(f"methods {text}", methods=text)))
    case("methods/absent", online(without(service("x"), "methods")))
    for text in ["null", "5", '"x"', '""', "true", "[]", "{}", '[["path","/p"],["methods",[]]]', '[["path","/p"]]', "[[1,2]]", '{"path":"/p"}', '{"methods":[]}',
                 '{"path":"/p","methods":[],"more":[1]}', '{"path":"/p","methods":[],"path":"/q"}', '{"path":null,"methods":null}', '{"path":"","methods":5}',
                 '{"path":[],"methods":{}}', '{"path":5,"methods":"GET"}', '{"path":true,"methods":[1,true,1.0,"","get"]}', '{"path":"/p","methods":[null,[],{},"GET",null]}',
                 '{"path":" ","methods":["GET","GET"]}', '["ab","cd"]', '{"path":"nos","methods":[" GET "]}']:
        case(f"entry/{text}", online(raw(f"entry {text}", methods=f'{{"hello":{text}}}')))
    for length in [10240, 10241]:
        case(f"entry/path of {length}", online([[raw(f"path {length}")[:-1] + ',"methods":{"a":{"methods":[],"path":"/', 1], ["p", length - 1], ['"}}}', 1]]))
    case("methods/several wrong", online(raw("x", port="0", methods='{"":{"path":""},"a\\"\\n\u670d":{"methods":[[]]},"ok":{"path":"/","methods":[]}}')))
    case("methods/lone surrogate in a name", online(raw("x", methods='{"a":{"path":"/a","methods":[]},"\\ud800":{"path":"/a","methods":[]}}')),
         ours=surrogate(["body", "methods", "\ufffd"]))
    case("methods/lone surrogate in a path", online(raw("s-path", methods='{"a":{"path":"/\\ud800","methods":[]}}')),
         ours=surrogate(["body", "methods", "a", "path"]))
    case("methods/lone surrogate in a method", online(raw("s-method", methods='{"a":{"path":"/","methods":["GET","\\udfff"]}}')),
         ours=surrogate(["body", "methods", "a", "methods", 1]))
    case("methods/pair of surrogates", online(raw("s-pair", methods='{"\\ud83d\\ude00":{"path":"/","methods":[]}}')))
    case("methods/doubled name", online(raw("dm", methods='{"a":{"path":"/1","methods":[]},"b":{"path":"/2","methods":[]},"a":{"path":"/3","methods":["X"]}}')))
    case("methods/doubled name, the last one wrong", online(raw("dmw", methods='{"a":{"path":"/1","methods":[]},"a":5}')))


def keys(case):
    for label, body in [
        ("list of pairs", json.dumps(list(service("pairs at the top").items()))),
        ("entry as pairs", raw("pairs inside", methods='[["hello",[["path","/p"],["methods",["A","B"]]]],["b",{"path":"/","methods":[]}]]')),
        ("numbers as names", raw("numbers", methods='[[5,{"path":"/five","methods":[]}],[true,{"path":"/true","methods":[]}],[1.50,{"path":"/float","methods":[]}],'
                                                    '["5",{"path":"/text","methods":[]}],[1e16,{"path":"/big","methods":[]}],[-0.0,{"path":"/zero","methods":[]}],[0,{"path":"/zero2","methods":[]}]]')),
        ("equal numbers are one name", raw("equal numbers", methods='[[1,{"path":"/a","methods":[]}],[1.0,{"path":"/b","methods":[]}],[true,{"path":"/c","methods":[]}],'
                                                                    '[100000000000000000000,{"path":"/d","methods":[]}],[1e20,{"path":"/e","methods":[]}],[NaN,{"path":"/f","methods":[]}],[NaN,{"path":"/g","methods":[]}]]')),
        ("doubled names", raw("doubled names", methods='{"a":{"path":"/1","methods":[]},"b":{"path":"/2","methods":[]},"a":{"path":"/3","methods":["X"]}}')),
        ("coerced texts", raw("coerced", port='" 1_003 "', transmissionType='" key "', transmissionData="1e22",
                              methods='{"a":{"path":1.50,"methods":[1,-0,true,0.00001,12345678901234567890123,"g\\u00e9t"]},"":{"path":" ","methods":[]}}')),
    ]:
        name = json.loads(body)
        name = dict(name)["name"]
        case(f"stored/{label}", get("/service/" + quote(name)), before=[online(body)])


def quote(text):
    import urllib.parse
    return urllib.parse.quote(text, safe="")


def registered(case):
    for label, first, second in [
        ("again", service("again", 1201), service("again", 1201)),
        ("again with spaces", service("again2", 1202), service(" again2\u00a0", "1202", {})),
        ("other port", service("again3", 1203), service("again3", 1204)),
        ("other name", service("again4", 1205), service("Again4", 1205)),
        ("other key", service("again5", 1206), service("again5", 1206, kind="key", data="k")),
        ("again, but wrong", service("again6", 1207), service("again6", 1207, 5)),
        ("zero width space is kept", service("again7", 1208), service("again7\u200b", 1208)),
    ]:
        case(f"registered/{label}", online(second), before=[online(first)])


def offline(case):
    def delete(target):
        return get(target, "DELETE")

    case("offline/removed", delete("/offline/off1/1301"), before=[online(service("off1", 1301))])
    case("offline/twice", delete("/offline/off2/1302"), before=[online(service("off2", 1302)), delete("/offline/off2/1302")])
    case("offline/then online again", online(service("off3", 1303)), before=[online(service("off3", 1303)), delete("/offline/off3/1303")])
    case("offline/name is trimmed", delete("/offline/%20off4%C2%A0/1304"), before=[online(service("off4", 1304))])
    case("offline/empty name", delete("/offline/%20/1305"), before=[online(service("  ", 1305))])
    for index, port in enumerate(["01306", "+1306", "1_306", "%201306", "%EF%BC%91306"]):
        case(f"offline/port {port}", delete(f"/offline/off6-{index}/{port}"), before=[online(service(f"off6-{index}", 1306))])
    for port in ["0", "65536", "-1", "1.0", "x", "%20", "1__0", "_1", "1e3", "123456789012345678901234567890", "%00", "%ff", "1%2F2", ""]:
        case(f"offline/bad port {port}", delete(f"/offline/off7/{port}"))
    case("offline/not there", delete("/offline/off8/1308"))
    case("offline/other port", delete("/offline/off9/1310"), before=[online(service("off9", 1309))])
    case("offline/long name", delete(f"/offline/{'n' * 501}/1"))
    case("offline/long name and bad port", delete(f"/offline/{'n' * 501}/x"))
    case("offline/500 wide characters", delete(f"/offline/{quote(chr(0x1f600) * 500)}/1"))
    case("offline/port text of 4301", delete(f"/offline/n/{'0' * 4300}1"))


def lookups(case):
    def look(label, target, *before, **more):
        case(f"lookup/{label}", get(target), before=[online(entry) for entry in before], **more)

    twofold = {"b": {"path": "/b", "methods": ["POST", "GET"]}, "a": {"path": "nos", "methods": []},
               "\u670d": {"path": "/\u52a1 {x}/{p:path}", "methods": ["get"]}, "": {"path": "/", "methods": ["GET"]}}
    look("service", "/service/lo1", service("lo1", 1401, twofold))
    look("service with key", "/service/lo2", service("lo2", 1402, HELLO, "key", "0123456789abcdef"))
    look("service, type trimmed", "/service/lo3", service("lo3", 1403, HELLO, " key ", "k y"))
    look("service without methods", "/service/lo4", service("lo4", 1404, {}))
    look("service, trimmed", "/service/%20lo5%1C", service("lo5", 1405, {}))
    look("service, unicode", "/service/%E6%9C%8D%E5%8A%A1", service("\u670d\u52a1", 1406, {}))
    look("service, quotes", "/service/a%22b%5C%0A%7F", service('a"b\\\n\x7f', 1407, {"q\"": {"path": "/\x01\u2028", "methods": ["\t"]}}))
    look("service, empty name", "/service/%20", service(" ", 1408, {}))
    look("service, dots", "/service/..", service("..", 1409, {}))
    look("service, plus", "/service/a+b", service("a+b", 1410, {}))
    look("service, query", "/service/lo11?x=1", service("lo11", 1411, {}))
    look("service, encoded query", "/service/lo12%3Fx", service("lo12?x", 1412, {}))
    look("service, malformed escape", "/service/lo13%zz%", service("lo13%zz%", 1413, {}))
    look("service, replacement character", "/service/lo14%ff", service("lo14\ufffd", 1414, {}))
    look("service, encoded percent", "/service/lo15%2541", service("lo15%41", 1415, {}))
    look("service, data without type", "/service/lo16", service("lo16", 1416, {}, None, "k"), ours=ours(
        "a key counts only with its type", 200,
        '{"code":0,"message":"ok","name":"lo16","host":"127.0.0.1","port":1416,"transmissionType":null,"transmissionData":null,"methods":{}}'))
    missing = ours(BOTH_404, 404, MISSING_SERVICE)
    look("service not there", "/service/lo20", ours=missing)
    look("service, case matters", "/service/LO21", service("lo21", 1421), ours=missing)
    look("service, surrogate bytes", "/service/%ED%A0%80", ours=missing)
    look("service, 500 letters", f"/service/{'n' * 499}x", ours=missing)
    look("service, 501 letters", f"/service/{'n' * 501}")
    look("service, slash in the name", "/service/x%2Fy", service("x/y", 1422))
    case("lookup/service, went offline", get("/service/lo23"), before=[online(service("lo23", 1423)), get("/offline/lo23/1423", "DELETE")], ours=missing)
    urls = {"hello": {"path": "/hello", "methods": ["GET"]}, "nos": {"path": "nos", "methods": ["get", "X Y"]}, "dots": {"path": "/a/../b/./c/..", "methods": []},
            "up": {"path": "../../x", "methods": []}, "item": {"path": "/item/{item_id}", "methods": ["GET"]}, "rest": {"path": "/f/{p:path}", "methods": []},
            "wide": {"path": "/\u670d\u52a1 x", "methods": []}, "query": {"path": "/q?a=/../b#c", "methods": []}, " h ": {"path": "/h", "methods": []},
            "e": {"path": "/%2e%2e/b", "methods": []}, "params": {"path": "/a;b", "methods": []}, "\u52a1": {"path": "/", "methods": []}}
    for index, api in enumerate(urls):
        target = f"/api/api{index}/{quote(api)}"
        look(f"api {api}", target, service(f"api{index}", 1430 + index, urls), ours=None if api != " h " else ours(
            BOTH_404, 404, '{"code":-1,"message":"API \\"h\\" does not exist for the service \\"api8\\"","apiUrl":"","apiMethods":[]}'))
    look("api, trimmed", "/api/%20api20%C2%A0/%1Fhello%20", service("api20", 1450, urls))
    look("api not there", "/api/api21/nope", service("api21", 1451, urls), ours=ours(
        BOTH_404, 404, '{"code":-1,"message":"API \\"nope\\" does not exist for the service \\"api21\\"","apiUrl":"","apiMethods":[]}'))
    look("api not there, quotes", "/api/api%2222/%E6%9C%8D%22", service('api"22', 1452, urls), ours=ours(
        BOTH_404, 404, '{"code":-1,"message":"API \\"\u670d\\"\\" does not exist for the service \\"api\\"22\\"","apiUrl":"","apiMethods":[]}'))
    look("api, service not there", "/api/api23/hello", ours=ours(BOTH_404, 404, MISSING_SERVICE_FOR_API))
    look("api, long names", f"/api/{'n' * 501}/{'m' * 501}")
    look("api, long api", f"/api/n/{'m' * 501}")
    for label, path, url in [("other host", "//evil/x", "http://127.0.0.1:1460//evil/x"), ("other scheme", "http://evil/x", "http://127.0.0.1:1460/http:/evil/x"),
                             ("not a host", "//[x", "http://127.0.0.1:1460//[x"), ("word and colon", "mailto:x", "http://127.0.0.1:1460/mailto:x")]:
        look(f"api, {label}", f"/api/{quote(label)}/a", service(label, 1460, {"a": {"path": path, "methods": []}}), ours=ours(
            "the URL stays on the instance's own host and port", 200, f'{{"code":0,"message":"ok","apiUrl":"{url}","apiMethods":[]}}'))


def routing(case):
    for method, target in [
        ("GET", "/"), ("GET", "/nope"), ("POST", "/nope"), ("GET", "/online"), ("PUT", "/online"), ("DELETE", "/online"), ("HEAD", "/online"), ("OPTIONS", "/online"),
        ("POST", "/online/"), ("GET", "/online/"), ("POST", "/ONLINE"), ("POST", "/onlin%65"), ("POST", "//online"), ("GET", "/service"), ("GET", "/service/"), ("GET", "/service/x/"),
        ("GET", "/service/x/y"), ("GET", "/service/x%2Fy"), ("HEAD", "/service/x"), ("POST", "/service/x"), ("OPTIONS", "/service/x"), ("GET", "/api"), ("GET", "/api/x"),
        ("GET", "/api/x/"), ("GET", "/api/x/y/"), ("GET", "/api/x/y/z"), ("POST", "/api/x/y"), ("HEAD", "/api/x/y"), ("GET", "/offline/x/1"), ("DELETE", "/offline/x"), ("DELETE", "/offline/x/1/"),
        ("DELETE", "/offline/x/1/2"), ("DELETE", "/offline"), ("GET", "/service//x"), ("GET", "/service/x?y=1/"), ("GET", "/service/x/?y=1"), ("GET", "/service/%2F"), ("PATCH", "/api/x/y"),
        ("GET", "/ping"), ("HEAD", "/ping"), ("POST", "/ping"), ("GET", "/ping/"), ("GET", "/%70ing"), ("POST", "/online?x=1"), ("GET", "/service/%E6%9C%8D/"),
    ]:
        override = ours(BOTH_404, 404, MISSING_SERVICE) if (method, target) == ("GET", "/service/x?y=1/") else None
        case(f"routing/{method} {target}", get(target, method), ours=override)
    case("routing/unknown method", get("/online", "BREW"))
    case("routing/raw bytes", get("/service/\xe9"))


# Bodies for the differential run.

FRAGMENTS = ["null", "true", "false", "0", "-0", "1", "65535", "65536", "1.5", "-1", "1e3", "1e400", "NaN", "Infinity", "-Infinity", '""', '" "', '"key"', '"x"', '"5"',
             '"\\ud800"', '"\\ud83d\\ude00"', '"\\u001c"', '"\u670d"', "[]", "{}", "[[]]", '["ab"]', '[["path","/p"],["methods",[]]]', '{"path":"/p","methods":["GET"]}',
             '{"a":{"path":"/p","methods":["GET",1,null]}}', '[["a",{"path":"/p","methods":[]}],[5,{"path":"/q","methods":[]}]]', '[[1.5,2],[null,3],[true,4]]', '"ab"',
             '{"name":1,"port":2}', "12345678901234567890", '"1_0"', '" 7 "', '{"a":[{"b":null}]}', '["path","/p"]', '"name"', '"port"', '"methods"', '"path"']
TOKENS = ["{", "}", "[", "]", ",", ":", '"', "\\", " ", "\n", "\t", "\x0b", "\x00", "\x1f", "\x7f", "\\u", "\\ud800", "\\udc00", "\\x", "0", "1", "9", "-", "+", ".", "e", "E", "n", "null",
          "t", "true", "N", "NaN", "I", "Infinity", "a", "\xa0", "\u2028", "\u670d", "\U0001f600", "\ufeff", "_", "/", "\\/", "\\n", '\\"']


def mutated(chance):
    """A body, good or bad, and a content type."""
    names = ["name", "port", "transmissionType", "transmissionData", "methods"]
    usual = {"name": [f'"m{chance.randrange(10**9)}"'], "port": ["1003", '"1003"', "1.0"], "transmissionType": ["null", '"key"', '" key "'],
             "transmissionData": ["null", '"k"', "5"],
             "methods": ["{}", '{"a":{"path":"/a","methods":["GET"]}}', '{"a":{"path":"/a","methods":["GET"]},"b":{"path":"b","methods":[]}}',
                         '[["a",{"path":"/a","methods":["GET"]}]]', '{"a":[["path","/a"],["methods",["X"]]]}']}
    pairs = []
    for name in names:
        if chance.random() < 0.04:
            continue
        pairs.append((json.dumps(name), chance.choice(usual[name]) if chance.random() < 0.75 else chance.choice(FRAGMENTS)))
    if chance.random() < 0.1:
        pairs.append((chance.choice(['"name"', '"port"', '"other"', '"methods"']), chance.choice(FRAGMENTS)))
    if chance.random() < 0.1:
        chance.shuffle(pairs)
    form = chance.random()
    if form < 0.85:
        space = chance.choice(["", " ", "\n"])
        text = "{" + f",{space}".join(f"{name}:{space}{value}" for name, value in pairs) + "}"
    elif form < 0.95:
        text = "[" + ",".join(f"[{name},{value}]" for name, value in pairs) + "]"
    else:
        text = chance.choice(FRAGMENTS)
    if chance.random() < 0.55:
        for _ in range(chance.choice([1, 1, 1, 2, 3, 6])):
            at = chance.randrange(len(text) + 1)
            change = chance.random()
            if change < 0.35:
                text = text[:at] + chance.choice(TOKENS) + text[at:]
            elif change < 0.6:
                text = text[:at] + text[at + chance.choice([1, 1, 2, 5]):]
            elif change < 0.75:
                text = text[:at] + chance.choice(FRAGMENTS) + text[at + 1:]
            elif change < 0.85:
                text = text[:at]
            else:
                other = chance.randrange(len(text) + 1)
                text = text[:at] + text[min(at, other):max(at, other)] + text[at:]
    encoding = chance.choice(["utf-8"] * 30 + ["utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
    body = text.encode(encoding, "surrogatepass")
    if chance.random() < 0.04:
        at = chance.randrange(len(body) + 1)
        body = body[:at] + bytes([chance.randrange(256)]) + body[at + chance.choice([0, 1]):]
    if chance.random() < 0.02:
        body = body.replace(b"m", b"\xed\xa0\x80", 1)
    return body, chance.choice(["application/json"] * 20 + [None, "text/plain", "application/a+json; q=1", "APPLICATION/JSON"])
