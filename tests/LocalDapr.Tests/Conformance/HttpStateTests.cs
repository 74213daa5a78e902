using System.Net;
using System.Text.Json;

namespace LocalDapr.Tests.Conformance;

/// <summary>State features of the HTTP API only: paths, JSON bodies and option names.</summary>
public class HttpStateTests
{
    private const string Http = "pkg/api/http/http.go";

    [Theory]
    [InlineData("a%2Fb", "a/b")]
    [InlineData("a+b", "a b")]
    [InlineData("a%2Bb", "a+b")]
    [InlineData("%C3%A9%252F", "é%2F")]
    [InlineData("a%20b%3Fc", "a b?c")]
    [Conformance("state-10", "pkg/api/http/server.go unespaceRequestParametersInContext")]
    public async Task A_key_in_the_path_is_query_unescaped_once(string inPath, string key)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var _ = await sidecar.SaveAsync(key, "\"found\"");

        // Sent as a raw target, since System.Uri would normalize some of these.
        using var response = await sidecar.Http.SendAsync(new HttpRequestMessage(
            HttpMethod.Get,
            new Uri($"{sidecar.Http.BaseAddress}v1.0/state/statestore/{inPath}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true })));

        Assert.Equal("\"found\"", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    [Conformance("state-12", Http + " onPostState")]
    public async Task An_empty_list_is_204_and_put_saves_like_post()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var empty = await sidecar.PostAsync("/v1.0/state/statestore", "[]");
        using var put = await sidecar.Http.PutAsync("/v1.0/state/statestore", new StringContent("""[{"KEY":"k","Value":7}]"""));

        Assert.Equal(HttpStatusCode.NoContent, empty.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, put.StatusCode);
        Assert.Equal("7", (await sidecar.GetAsync("k"))!.Value.Value);
        using var bulk = await sidecar.Http.PutAsync("/v1.0/state/statestore/bulk", new StringContent("""{"keys":["k"]}"""));
        using var transaction = await sidecar.Http.PutAsync("/v1.0/state/statestore/transaction", new StringContent("""{"operations":[{"operation":"delete","request":{"key":"k"}}]}"""));
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.NoContent), (bulk.StatusCode, transaction.StatusCode));
    }

    [Theory]
    [InlineData("{}", "")]
    [InlineData("not json", "")]
    [InlineData("""[{"value":1}]""", "\"key\" is a required field")]
    [InlineData("""[{"key":"","value":1}]""", "\"key\" is a required field")]
    [InlineData("""[{"key":"k","value":1,"etag":5}]""", "")]
    [Conformance("err-state-04", Http + " onPostState")]
    public async Task A_body_that_is_no_list_of_items_with_keys_is_400(string body, string message)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.PostAsync("/v1.0/state/statestore", body);

        await SidecarUnderTest.AssertErrorAsync(response, 400, "ERR_MALFORMED_REQUEST", message);
    }

    [Fact]
    [Conformance("err-state-10", Http + " onPostStateTransaction")]
    public async Task A_transaction_that_is_no_json_is_400()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.PostAsync("/v1.0/state/statestore/transaction", "not json");

        await SidecarUnderTest.AssertErrorAsync(response, 400, "ERR_MALFORMED_REQUEST", "failed deserializing HTTP body: ");
    }

    [Fact]
    [Conformance("err-state-05", "kit/streams; " + Http)]
    public async Task A_body_beyond_4_MiB_is_400_stream_too_large()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.SaveAsync("key", '"' + new string('x', 4 * 1024 * 1024) + '"');

        await SidecarUnderTest.AssertErrorAsync(response, 400, "ERR_MALFORMED_REQUEST", "stream too large");
    }

    [Theory]
    [InlineData(""","metadata":{"ttlInSeconds":"soon"}""")]
    [InlineData(""","options":{"concurrency":"third-write"}""")]
    [InlineData(""","options":{"consistency":"perfect"}""")]
    [Conformance("err-state-06", "components-contrib state/utils, state/sqlite")]
    public async Task A_time_to_live_or_option_that_makes_no_sense_is_500(string more)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var response = await sidecar.SaveAsync("key", "1", more: more);

        await SidecarUnderTest.AssertErrorAsync(response, 500, "ERR_STATE_SAVE", "failed saving state in state store statestore: ");
    }

    [Theory]
    [InlineData("""{"b":[1,2.50,1e3],"a":"<&>"}""", """{"a":"<&>","b":[1,2.5,1000]}""")]
    [InlineData("-0.5", "-0.5")]
    [InlineData("\"é\\u00e9\"", "\"éé\"")]
    [InlineData("null", "null")]
    [Conformance("state-02", Http + " onPostState (encoding/json into any)", Profile = "SQLite")]
    public async Task A_value_is_read_as_the_same_json(string sent, string read)
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Store = StoreProfile.Sqlite });

        using var saved = await sidecar.SaveAsync("key", sent);

        Assert.Equal(HttpStatusCode.NoContent, saved.StatusCode);
        var value = (await sidecar.GetAsync("key"))!.Value.Value;
        Assert.True(JsonElement.DeepEquals(JsonDocument.Parse(read).RootElement, JsonDocument.Parse(value).RootElement), value);
    }

    [Fact]
    [Conformance("err-state-08", "pkg/api/errors/state.go QueryUnsupported", Profile = "SQLite")]
    public async Task A_query_is_not_supported_as_by_the_sqlite_store()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Store = StoreProfile.Sqlite });

        using var response = await sidecar.PostAsync("/v1.0-alpha1/state/statestore/query", "{}");

        await SidecarUnderTest.AssertErrorAsync(response, 500, "ERR_STATE_STORE_NOT_SUPPORTED");
    }
}
