namespace LocalDapr.Tests.Conformance;

public class TraceTests
{
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = $"00-{Trace}-b7ad6b7169203331-01";

    [Fact]
    [Conformance("trace-01", "pkg/api/http/http.go onPublish; pkg/runtime/subscription/postman/http/http.go (traceparent)")]
    public async Task With_tracing_on_the_callers_trace_is_in_the_envelope_and_in_the_delivery_each_below_the_last()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Tracing = true }, app);
        sidecar.Http.DefaultRequestHeaders.Add("traceparent", Parent);

        await sidecar.PublishAsync("1");
        var delivered = await app.NextAsync();

        var inEnvelope = delivered.Json.GetProperty("traceparent").GetString()!;
        Assert.StartsWith($"00-{Trace}-", inEnvelope, StringComparison.Ordinal);
        Assert.Equal(inEnvelope, delivered.Json.GetProperty("traceid").GetString());
        Assert.StartsWith($"00-{Trace}-", delivered.Headers["traceparent"], StringComparison.Ordinal);
        Assert.Equal(3, new HashSet<string> { Parent, inEnvelope, delivered.Headers["traceparent"] }.Count);
    }

    [Fact]
    [Conformance("trace-02", "pkg/diagnostics (samplingRate)")]
    public async Task With_tracing_on_a_publish_without_a_trace_begins_one()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { Tracing = true }, app);

        await sidecar.PublishAsync("1");
        var delivered = await app.NextAsync();

        var inEnvelope = delivered.Json.GetProperty("traceparent").GetString()!;
        Assert.Matches("^00-[0-9a-f]{32}-[0-9a-f]{16}-01$", inEnvelope);
        Assert.Equal(inEnvelope[..35], delivered.Headers["traceparent"][..35]);
    }
}
