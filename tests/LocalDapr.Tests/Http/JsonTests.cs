using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace LocalDapr.Tests.Http;

public sealed class JsonTests
{
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
    [InlineData("//v1.0/state/s/key/", "v1.0|state|s|key")]
    [InlineData("/a/%2E%2E%2Fb/c+d", "a|../b|c d")]
    [InlineData("/%zz/%", "%zz|%")]
    [InlineData("*", "*")]
    public void A_target_is_split_before_it_is_unescaped(string target, string segments) =>
        Assert.Equal(segments, string.Join('|', Requests.SegmentsOf(target)));

    private static JsonElement Envelope(string contentType, byte[] body)
    {
        var source = new EventSource("app", "pubsub", "topic", contentType, new Dictionary<string, string>(), TraceContext.None);
        using var document = JsonDocument.Parse(CloudEvents.Envelope(source, body, TimeProvider.System.GetUtcNow(), null));
        return document.RootElement.Clone();
    }
}
