using System.Net;

namespace LocalDapr.Tests.Conformance;

/// <summary>Publish features of the HTTP API only: paths, queries and JSON bodies.</summary>
public class HttpPublishTests
{
    private const string Errors = "pkg/api/errors/pubsub.go";
    private const string Trace = "0af7651916cd43dd8448eb211c80319c";
    private const string Parent = $"00-{Trace}-b7ad6b7169203331-01";

    [Theory]
    [InlineData("{}", "unmarshaling")]
    [InlineData("""[{"entryId":"1","event":1,"contentType":"text/plain"}]""", "mismatch")]
    [Conformance("pub-09", "pkg/api/http/http.go onBulkPublish")]
    public async Task A_bulk_publish_that_makes_no_sense_is_refused_whole(string body, string message)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.PostAsync("/v1.0-alpha1/publish/bulk/pubsub/orders", body);

        await SidecarUnderTest.AssertErrorAsync(response, 400, "ERR_PUBSUB_EVENTS_SER", message);
    }

    [Fact]
    [Conformance("pub-10", "pkg/api/http/http.go constructPubSubEndpoints")]
    public async Task Bulk_publish_is_at_v1_0_from_1_17_on_and_before_that_the_path_names_a_component_bulk()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.PostAsync("/v1.0/publish/bulk/pubsub/orders", """[{"entryId":"1","event":"a","contentType":"text/plain"}]""");

        if (sidecar.Version == DaprVersion.V116)
        {
            await SidecarUnderTest.AssertErrorAsync(response, 404, "ERR_PUBSUB_NOT_FOUND", "pubsub bulk is not found");
        }
        else
        {
            Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        }
    }

    [Fact]
    [Conformance("err-pub-01", Errors)]
    public async Task An_unknown_component_is_404_with_its_name()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.PostAsync("/v1.0/publish/nowhere/orders?metadata.a=b", "{}");

        var error = await SidecarUnderTest.AssertErrorAsync(response, 404, "ERR_PUBSUB_NOT_FOUND", "pubsub nowhere is not found");
        var detail = error.GetProperty("details")[0];
        Assert.Equal("type.googleapis.com/google.rpc.ErrorInfo", detail.GetProperty("@type").GetString());
        Assert.Equal("DAPR_PUBSUB_NOT_FOUND", detail.GetProperty("reason").GetString());
        Assert.Equal("dapr.io", detail.GetProperty("domain").GetString());
        Assert.Equal("b", detail.GetProperty("metadata").GetProperty("a").GetString());
    }

    [Fact]
    [Conformance("err-pub-03", "kit/streams; pkg/api/http/middlewares.go")]
    public async Task A_body_of_4_MiB_is_taken_and_a_larger_one_is_500_stream_too_large()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var fits = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", new string('x', 4 * 1024 * 1024), "text/plain");
        using var tooLarge = await sidecar.PostAsync("/v1.0/publish/pubsub/orders", new string('x', 5 * 1024 * 1024), "text/plain");

        Assert.Equal(HttpStatusCode.NoContent, fits.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(
            tooLarge, 500, "ERR_PUBSUB_PUBLISH_MESSAGE", "error when publishing to topic orders in pubsub pubsub: stream too large");
    }

    [Fact]
    [Conformance("err-pub-06", "pkg/api/http/http.go constructPubSubEndpoints")]
    public async Task Put_publishes_too_and_a_topic_may_hold_slashes()
    {
        await using var app = await TestApp.StartAsync("shop", """[{"pubsubname":"pubsub","topic":"a/b c","route":"orders"}]""");
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        using var response = await sidecar.Http.PutAsync("/v1.0/publish/pubsub/a/b+c", new StringContent("x"));

        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal("a/b c", (await app.NextAsync()).Json.GetProperty("topic").GetString());
    }

    [Fact]
    [Conformance("err-pub-07", "pkg/api/http/server.go; directmessaging.go (the fallback of the router)")]
    public async Task An_unknown_route_and_a_wrong_method_are_404_as_a_call_of_no_app()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var unknown = await sidecar.Http.GetAsync("/v1.0/nothing");
        using var wrong = await sidecar.Http.GetAsync("/v1.0/publish/pubsub/orders");

        await SidecarUnderTest.AssertErrorAsync(unknown, 404, "ERR_DIRECT_INVOKE", "dapr-app-id");
        await SidecarUnderTest.AssertErrorAsync(wrong, 404, "ERR_DIRECT_INVOKE", "dapr-app-id");
    }

    [Fact]
    [Conformance("err-pub-10", "pkg/api/http/http.go onBulkPublish")]
    public async Task A_bulk_publish_that_fails_is_500_and_names_the_entries()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.PubSub], new Setup { Faults = new FaultInjection { Plan = new FaultPlan { PublishErrorEvery = 1 } }, IsLocalOnly = "a broker is not broken for a test" });

        using var response = await sidecar.PostAsync(
            "/v1.0-alpha1/publish/bulk/pubsub/orders",
            """[{"entryId":"1","event":"a","contentType":"text/plain"},{"entryId":"2","event":"b","contentType":"text/plain"}]""");

        Assert.Equal(HttpStatusCode.InternalServerError, response.StatusCode);
        using var error = System.Text.Json.JsonDocument.Parse(await response.Content.ReadAsStringAsync());
        Assert.Equal("ERR_PUBSUB_PUBLISH_MESSAGE", error.RootElement.GetProperty("errorCode").GetString());
        Assert.Equal(["1", "2"], error.RootElement.GetProperty("failedEntries").EnumerateArray().Select(entry => entry.GetProperty("entryId").GetString()));
    }

    [Fact]
    [Conformance("err-pub-11", "pkg/api/http/metadata getMetadataFromRequest")]
    public async Task Of_a_query_key_given_twice_the_first_value_counts_and_its_case_is_kept()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(app);

        await sidecar.PublishAsync("1", query: "?metadata.cloudevent.id=first&metadata.cloudevent.id=second");

        Assert.Equal("first", (await app.NextAsync()).Json.GetProperty("id").GetString());
    }

    [Fact]
    [Conformance("trace-03", "pkg/api/http/http.go onPublish")]
    public async Task Without_a_configuration_of_tracing_a_callers_trace_is_handed_on()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(app);
        sidecar.Http.DefaultRequestHeaders.Add("traceparent", Parent);

        await sidecar.PublishAsync("1");
        var delivered = await app.NextAsync();

        Assert.StartsWith($"00-{Trace}-", delivered.Json.GetProperty("traceparent").GetString(), StringComparison.Ordinal);
        Assert.StartsWith($"00-{Trace}-", delivered.Json.GetProperty("traceid").GetString(), StringComparison.Ordinal);
        Assert.StartsWith($"00-{Trace}-", delivered.Headers["traceparent"], StringComparison.Ordinal);
    }
}
