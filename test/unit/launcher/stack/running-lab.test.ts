import { expect, test } from "vitest";
import { parseAnswer } from "../../../../launcher/stack/running-lab";

test("an HTTP answer is the last one in curl's output", () => {
    expect(
        parseAnswer(
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 303 See Other\r\nLocation: /#a:b\r\nServer: x\r\n\r\nbody\r\n\r\nmore",
        ),
    ).toEqual({ status: 303, headers: { location: "/#a:b", server: "x" }, body: "body\r\n\r\nmore" });
    expect(() => parseAnswer("garbage")).toThrow("no HTTP answer");
});
