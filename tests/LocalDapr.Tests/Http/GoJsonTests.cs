using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace LocalDapr.Tests.Http;

public sealed class GoJsonTests
{
    [Fact]
    public void A_double_reads_back_as_the_same_double_whatever_its_size() =>
        Prop.ForAll<double>(number =>
        {
            if (!double.IsFinite(number))
            {
                return true;
            }

            using var document = JsonDocument.Parse(JsonSerializer.Serialize(number));
            var text = System.Text.Encoding.UTF8.GetString(GoJson.Marshal(document.RootElement, exactNumbers: false));
            using var again = JsonDocument.Parse(text);
            return again.RootElement.GetDouble().Equals(number);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("1e20", "100000000000000000000")]
    [InlineData("1.5e15", "1500000000000000")]
    [InlineData("123456789.123", "123456789.123")]
    [InlineData("1.25e-5", "0.0000125")]
    [InlineData("-1.25e-7", "-1.25e-7")]
    [InlineData("1.7976931348623157e308", "1.7976931348623157e+308")]
    [InlineData("-0", "-0")]
    [InlineData("0.0", "0")]
    public void Numbers_look_as_Go_writes_them(string json, string expected)
    {
        using var document = JsonDocument.Parse(json);

        Assert.Equal(expected, System.Text.Encoding.UTF8.GetString(GoJson.Marshal(document.RootElement, exactNumbers: false)));
    }

    [Fact]
    public void Text_reads_back_as_the_same_text_and_holds_nothing_HTML_would_take_for_markup() =>
        Prop.ForAll<string>(text =>
        {
            if (text is null)
            {
                return true;
            }

            var json = System.Text.Encoding.UTF8.GetString(GoJson.Marshal(text));
            var valid = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
            return JsonSerializer.Deserialize<string>(json) == valid && json.AsSpan(1, json.Length - 2).IndexOfAny('<', '>', '&') < 0;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void Any_body_makes_an_envelope_that_holds_it() =>
        Prop.ForAll<string, byte[]>((text, bytes) =>
        {
            var body = System.Text.Encoding.UTF8.GetBytes(text ?? "");
            var asText = Envelope("text/plain", body);
            var asBytes = Envelope("application/octet-stream", bytes ?? []);
            var asJson = Envelope("application/json", body);
            return asText.GetProperty("data").GetString() == System.Text.Encoding.UTF8.GetString(body)
                && asBytes.GetProperty("data_base64").GetBytesFromBase64().SequenceEqual(bytes ?? [])
                && asJson.TryGetProperty("data", out _);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("/v1.0/state/s/key?metadata.a=b", "v1.0|state|s|key")]
    [InlineData("//v1.0/./state/x/../s/key/", "v1.0|state|s|key")]
    [InlineData("/a/%2E%2E/b", "a|%2E%2E|b")]
    [InlineData("http://127.0.0.1:3500/v1.0/healthz", "v1.0|healthz")]
    [InlineData("/../..", "")]
    [InlineData("*", "*")]
    public void A_target_is_cleaned_before_it_is_unescaped(string target, string segments) =>
        Assert.Equal(segments, string.Join('|', RequestPath.SegmentsOf(target)));

    [Theory]
    [InlineData("%zz")]
    [InlineData("%2")]
    [InlineData("%")]
    public void A_broken_escape_is_refused(string segment) => Assert.Throws<FormatException>(() => RequestPath.Unescape(segment));

    private static JsonElement Envelope(string contentType, byte[] body)
    {
        var source = new EventSource("app", "pubsub", "topic", contentType, new Dictionary<string, string>(), TraceContext.None);
        using var document = JsonDocument.Parse(CloudEvents.Envelope(source, body, TimeProvider.System.GetUtcNow(), null));
        return document.RootElement.Clone();
    }
}
