namespace LocalDapr.Tests.Conformance;

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

    [Fact]
    [Conformance("err-state-07", Http + " onPostStateTransaction")]
    public async Task An_unknown_operation_is_400()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var unknown = await sidecar.PostAsync("/v1.0/state/statestore/transaction", """{"operations":[{"operation":"increment","request":{"key":"k"}}]}""");

        await SidecarUnderTest.AssertErrorAsync(unknown, 400, "ERR_NOT_SUPPORTED_STATE_OPERATION", "operation type increment not supported");
    }

    [Fact]
    [Conformance("err-state-09", Http + " onGetState, onBulkGetState")]
    public async Task A_store_that_fails_to_read_is_500()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.Store], new Setup { Faults = new FaultInjection { Plan = new FaultPlan { StateReadErrorEvery = 1 } }, IsLocalOnly = "a store is not broken for a test" });

        using var get = await sidecar.Http.GetAsync("/v1.0/state/statestore/key");

        await SidecarUnderTest.AssertErrorAsync(get, 500, "ERR_STATE_GET", "fail to get key from state store statestore: ");
    }
}
