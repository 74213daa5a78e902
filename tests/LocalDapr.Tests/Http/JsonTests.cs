using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace LocalDapr.Tests.Http;

public sealed class JsonTests
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
            var text = System.Text.Encoding.UTF8.GetString(Json.Marshal(document.RootElement, exactNumbers: false));
            using var again = JsonDocument.Parse(text);
            return again.RootElement.GetDouble().Equals(number);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("12345678901234567890", 12345678901234567000d)]
    [InlineData("9007199254740993", 9007199254740992d)]
    [InlineData("1e21", 1e21)]
    public void A_number_beyond_the_digits_of_a_double_loses_them_as_with_daprd(string json, double expected)
    {
        using var document = JsonDocument.Parse(json);
        using var again = JsonDocument.Parse(Json.Marshal(document.RootElement, exactNumbers: false));

        Assert.Equal(expected, double.Parse(again.RootElement.GetRawText(), System.Globalization.CultureInfo.InvariantCulture));
        Assert.Equal(json, System.Text.Encoding.UTF8.GetString(Json.Marshal(document.RootElement, exactNumbers: true)));
    }

    [Fact]
    public void Text_reads_back_as_the_same_text() =>
        Prop.ForAll<string>(text =>
        {
            if (text is null)
            {
                return true;
            }

            var json = System.Text.Encoding.UTF8.GetString(Json.Marshal(text));
            var valid = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));
            return JsonSerializer.Deserialize<string>(json) == valid;
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
