namespace FindMe.Sidecar.Tests.Conformance;

public class StateErrorTests
{
    private const string Errors = "pkg/api/errors/state.go";
    private const string Http = "pkg/api/http/http.go";

    [Fact]
    [Conformance("err-state-01", Errors)]
    public async Task Without_any_store_every_call_is_500_not_configured()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub]);

        using var get = await sidecar.Http.GetAsync("/v1.0/state/statestore/key");
        using var save = await sidecar.SaveAsync("key", "1");

        var error = await SidecarUnderTest.AssertErrorAsync(get, 500, "ERR_STATE_STORE_NOT_CONFIGURED", "state store statestore is not configured");
        Assert.Equal("DAPR_STATE_NOT_CONFIGURED", error.GetProperty("details")[0].GetProperty("reason").GetString());
        await SidecarUnderTest.AssertErrorAsync(save, 500, "ERR_STATE_STORE_NOT_CONFIGURED");
    }

    [Fact]
    [Conformance("err-state-02", Errors)]
    public async Task An_unknown_store_is_400()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var get = await sidecar.Http.GetAsync("/v1.0/state/nowhere/key");
        using var transaction = await sidecar.PostAsync("/v1.0/state/nowhere/transaction", "{}");

        var error = await SidecarUnderTest.AssertErrorAsync(get, 400, "ERR_STATE_STORE_NOT_FOUND", "state store nowhere is not found");
        Assert.Equal(sidecar.FirstApp, error.GetProperty("details")[0].GetProperty("metadata").GetProperty("appID").GetString());
        await SidecarUnderTest.AssertErrorAsync(transaction, 400, "ERR_STATE_STORE_NOT_FOUND");
    }

    [Fact]
    [Conformance("err-state-03", "pkg/components/state/state_config.go checkKeyIllegal")]
    public async Task A_key_with_two_bars_is_400_everywhere()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var get = await sidecar.Http.GetAsync("/v1.0/state/statestore/a%7C%7Cb");
        using var save = await sidecar.SaveAsync("a||b", "1");
        using var bulk = await sidecar.PostAsync("/v1.0/state/statestore/bulk", """{"keys":["a||b"]}""");
        using var delete = await sidecar.Http.DeleteAsync("/v1.0/state/statestore/a%7C%7Cb");

        foreach (var response in new[] { get, save, bulk, delete })
        {
            await SidecarUnderTest.AssertErrorAsync(response, 400, "ERR_MALFORMED_REQUEST", "input key/keyPrefix 'a||b' can't contain '||'");
        }
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

    [Fact]
    [Conformance("err-state-07", Http + " onPostStateTransaction")]
    public async Task An_unknown_operation_is_400_and_a_body_that_is_no_json_too()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var unknown = await sidecar.PostAsync("/v1.0/state/statestore/transaction", """{"operations":[{"operation":"increment","request":{"key":"k"}}]}""");
        using var malformed = await sidecar.PostAsync("/v1.0/state/statestore/transaction", "not json");

        await SidecarUnderTest.AssertErrorAsync(unknown, 400, "ERR_NOT_SUPPORTED_STATE_OPERATION", "operation type increment not supported");
        await SidecarUnderTest.AssertErrorAsync(malformed, 400, "ERR_MALFORMED_REQUEST", "failed deserializing HTTP body: ");
    }

    [Fact]
    [Conformance("err-state-09", Http + " onGetState, onBulkGetState")]
    public async Task A_store_that_fails_to_read_is_500()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.Store], new Setup { Chaos = new ChaosOptions { StateReadErrorEvery = 1 }, IsLocalOnly = "a store is not broken for a test" });

        using var get = await sidecar.Http.GetAsync("/v1.0/state/statestore/key");

        await SidecarUnderTest.AssertErrorAsync(get, 500, "ERR_STATE_GET", "fail to get key from state store statestore: ");
    }
}
