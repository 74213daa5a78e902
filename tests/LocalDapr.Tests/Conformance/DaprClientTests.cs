using System.Text.Json;
using Dapr;
using Dapr.Client;
using Grpc.Core;

namespace LocalDapr.Tests.Conformance;

/// <summary>Results and exceptions of Dapr's .NET client over gRPC.</summary>
public sealed class DaprClientTests
{
    private const string Grpc = "pkg/api/grpc/grpc.go";
    private const string Sdk = "dotnet-sdk src/Dapr.Client/DaprClientGrpc.cs";
    private const string Store = "statestore";

    private static readonly StateOptions FirstWrite = new() { Concurrency = ConcurrencyMode.FirstWrite };

    [Fact]
    [Conformance("sdk-01", Grpc + " GetState")]
    public async Task A_missing_key_is_the_default_with_an_empty_etag_and_a_saved_one_has_both()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();

        var (nothing, none) = await dapr.GetStateAndETagAsync<Order>(Store, "key");
        await dapr.SaveStateAsync(Store, "key", new Order("tea", 2));
        var (order, etag) = await dapr.GetStateAndETagAsync<Order>(Store, "key");

        Assert.Equal((null, ""), (nothing, none));
        Assert.Equal(new Order("tea", 2), order);
        Assert.Equal(etag, (await sidecar.GetAsync("key"))!.Value.ETag);
    }

    [Fact]
    [Conformance("sdk-02", Grpc + " getStateErrorCode")]
    public async Task Try_is_false_for_a_stale_etag_and_true_for_the_present_one()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();
        await dapr.SaveStateAsync(Store, "key", 1);
        var (_, stale) = await dapr.GetStateAndETagAsync<int>(Store, "key");

        Assert.True(await dapr.TrySaveStateAsync(Store, "key", 2, stale));
        Assert.False(await dapr.TrySaveStateAsync(Store, "key", 3, stale));
        Assert.False(await dapr.TryDeleteStateAsync(Store, "key", stale));
        var (value, present) = await dapr.GetStateAndETagAsync<int>(Store, "key");
        Assert.Equal(2, value);
        Assert.True(await dapr.TryDeleteStateAsync(Store, "key", present));
        Assert.Equal(0, await dapr.GetStateAsync<int>(Store, "key"));
    }

    [Fact]
    [Conformance("sdk-03", Sdk + " MakeSaveStateCallAsync; components-contrib state/*")]
    public async Task An_empty_etag_with_first_write_is_false_where_something_is_and_Internal_on_Redis_and_PostgreSQL()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();

        Assert.True(await dapr.TrySaveStateAsync(Store, "key", 1, "", FirstWrite));
        if (sidecar.StateStore == StoreProfile.Sqlite)
        {
            Assert.False(await dapr.TrySaveStateAsync(Store, "key", 2, "", FirstWrite));
        }
        else
        {
            await AssertStatusAsync(StatusCode.Internal, () => dapr.TrySaveStateAsync(Store, "key", 2, "", FirstWrite));
        }

        Assert.Equal(1, await dapr.GetStateAsync<int>(Store, "key"));
    }

    [Fact]
    [Conformance("sdk-04", Grpc + " getStateErrorCode", Profile = "Redis")]
    public async Task An_etag_that_is_no_number_is_InvalidArgument_on_Redis()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Store = StoreProfile.Redis });
        using var dapr = sidecar.DaprClientOf();

        await AssertStatusAsync(StatusCode.InvalidArgument, () => dapr.TrySaveStateAsync(Store, "key", 1, "not-a-number"), "invalid etag value");
    }

    [Fact]
    [Conformance("sdk-05", Grpc + " GetBulkState, SaveState, DeleteBulkState")]
    public async Task Several_keys_are_saved_read_and_deleted_at_once()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();

        await dapr.SaveBulkStateAsync(Store, [new SaveStateItem<int>("a", 1, ""), new SaveStateItem<int>("b", 2, "")]);
        var items = await dapr.GetBulkStateAsync(Store, ["a", "none", "b"], parallelism: 2);
        await dapr.DeleteBulkStateAsync(Store, [new BulkDeleteStateItem("a", items.Single(item => item.Key == "a").ETag), new BulkDeleteStateItem("none", "")]);

        Assert.Equal([("a", "1"), ("b", "2"), ("none", "")], items.Select(item => (item.Key, item.Value)).OrderBy(item => item.Key));
        Assert.Equal(["", "none"], items.Where(item => item.ETag.Length == 0).SelectMany(item => new[] { item.ETag, item.Key }));
        Assert.Null(await sidecar.GetAsync("a"));
        Assert.NotNull(await sidecar.GetAsync("b"));
    }

    [Fact]
    [Conformance("sdk-06", Grpc + " SaveState PerformBulkStoreOperation")]
    public async Task A_stale_etag_among_several_is_Aborted_and_the_others_are_done()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();
        await dapr.SaveStateAsync(Store, "b", 1);
        var (_, stale) = await dapr.GetStateAndETagAsync<int>(Store, "b");
        await dapr.SaveStateAsync(Store, "b", 2);

        await AssertStatusAsync(
            StatusCode.Aborted,
            () => dapr.SaveBulkStateAsync(Store, [new SaveStateItem<int>("a", 1, ""), new SaveStateItem<int>("b", 3, stale), new SaveStateItem<int>("c", 3, "")]),
            "failed saving state in state store statestore: possible etag mismatch");

        Assert.Equal(
            (1, 2, 3), (await dapr.GetStateAsync<int>(Store, "a"), await dapr.GetStateAsync<int>(Store, "b"), await dapr.GetStateAsync<int>(Store, "c")));
    }

    [Fact]
    [Conformance("sdk-07", Grpc + " ExecuteStateTransaction")]
    public async Task A_stale_etag_in_a_transaction_is_Internal_with_nothing_done_but_on_Redis()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();
        await dapr.SaveStateAsync(Store, "old", 1);
        var (_, stale) = await dapr.GetStateAndETagAsync<int>(Store, "old");
        await dapr.ExecuteStateTransactionAsync(
            Store, [new StateTransactionRequest("new", "2"u8.ToArray(), StateOperationType.Upsert), new StateTransactionRequest("old", "3"u8.ToArray(), StateOperationType.Upsert, stale)]);

        await AssertStatusAsync(
            StatusCode.Internal,
            () => dapr.ExecuteStateTransactionAsync(
                Store, [new StateTransactionRequest("third", "3"u8.ToArray(), StateOperationType.Upsert), new StateTransactionRequest("old", [], StateOperationType.Delete, stale)]),
            "error while executing state transaction: ");

        Assert.Equal((2, 3), (await dapr.GetStateAsync<int>(Store, "new"), await dapr.GetStateAsync<int>(Store, "old")));
        Assert.Equal(sidecar.StateStore == StoreProfile.Redis ? 3 : 0, await dapr.GetStateAsync<int>(Store, "third"));
    }

    [Fact]
    [Conformance("sdk-08", Grpc + " SaveState, GetState; pkg/api/http/http.go onGetState")]
    public async Task Bytes_are_stored_as_they_are_and_read_so_over_HTTP_too()
    {
        byte[] bytes = [0xFF, 0x00, 0xC3, 0x28, .. "{ \"b\": 1, \"a\": 12345678901234567890 }"u8];
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();

        await dapr.SaveByteStateAsync(Store, "key", bytes);

        Assert.Equal(bytes, (await dapr.GetByteStateAsync(Store, "key")).ToArray());
        Assert.Equal(bytes, await sidecar.Http.GetByteArrayAsync("/v1.0/state/statestore/key"));
    }

    [Fact]
    [Conformance("sdk-09", Grpc + " SaveState (metadata)", Profile = "SQLite, in-memory, PostgreSQL")]
    public async Task A_time_to_live_shows_in_the_items_metadata_and_one_that_is_no_number_is_Internal()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Store = StoreProfile.Sqlite });
        using var dapr = sidecar.DaprClientOf();

        await dapr.SaveStateAsync(Store, "key", 1, metadata: new Dictionary<string, string> { ["ttlInSeconds"] = "600" });
        await AssertStatusAsync(
            StatusCode.Internal, () => dapr.SaveStateAsync(Store, "other", 1, metadata: new Dictionary<string, string> { ["ttlInSeconds"] = "soon" }));

        using var read = await sidecar.Http.GetAsync("/v1.0/state/statestore/key");
        Assert.NotNull(SidecarUnderTest.Raw(read, "metadata.ttlExpireTime"));
    }

    [Fact]
    [Conformance("sdk-10", "pkg/api/errors/state.go, pkg/components/state/state_config.go")]
    public async Task An_unknown_store_and_a_key_with_two_bars_are_InvalidArgument_and_no_store_at_all_is_FailedPrecondition()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        await using var without = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub]);
        using var dapr = sidecar.DaprClientOf();
        using var daprWithout = without.DaprClientOf();

        await AssertStatusAsync(StatusCode.InvalidArgument, () => dapr.GetStateAsync<int>("nowhere", "key"), "state store nowhere is not found");
        await AssertStatusAsync(StatusCode.InvalidArgument, () => dapr.SaveStateAsync(Store, "a||b", 1), "input key/keyPrefix 'a||b' can't contain '||'");
        await AssertStatusAsync(StatusCode.FailedPrecondition, () => daprWithout.GetStateAsync<int>(Store, "key"), "state store statestore is not configured");
    }

    [Fact]
    [Conformance("sdk-11", "pkg/api/grpc/server.go MaxRecvMsgSize, MaxSendMsgSize")]
    public async Task Requests_and_answers_beyond_4_MiB_are_ResourceExhausted()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();
        foreach (var key in new[] { "a", "b" })
        {
            await dapr.SaveByteStateAsync(Store, key, new byte[3 << 20]);
        }

        await AssertStatusAsync(StatusCode.ResourceExhausted, () => dapr.SaveByteStateAsync(Store, "key", new byte[5 << 20]));
        await AssertStatusAsync(StatusCode.ResourceExhausted, () => dapr.PublishByteEventAsync("pubsub", sidecar.TopicOf("orders"), new byte[5 << 20]));
        await AssertStatusAsync(StatusCode.ResourceExhausted, () => dapr.GetBulkStateAsync(Store, ["a", "b"], parallelism: 2));
    }

    [Fact]
    [Conformance("sdk-12", Grpc + " PublishEvent")]
    public async Task A_published_event_arrives_in_an_envelope_of_its_content_type()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(app);
        using var dapr = sidecar.DaprClientOf();
        var topic = sidecar.TopicOf("orders");

        await dapr.PublishEventAsync("pubsub", topic, new Order("tea", 2), new Dictionary<string, string> { ["cloudevent.id"] = "one" });
        var order = (await app.NextAsync()).Json;
        await dapr.PublishByteEventAsync("pubsub", topic, "bytes"u8.ToArray(), "application/octet-stream");
        var bytes = (await app.NextAsync()).Json;
        await dapr.PublishEventAsync("pubsub", topic, new CloudEvent<Order>(new Order("milk", 1)) { Type = "mine", Source = new Uri("urn:me"), Subject = "s" });
        var own = (await app.NextAsync()).Json;

        Assert.Equal(("one", "shop", "orders", "application/json"), (Text(order, "id"), Text(order, "source"), Text(order, "topic"), Text(order, "datacontenttype")));
        Assert.Equal(("tea", 2), (Text(order.GetProperty("data"), "name"), order.GetProperty("data").GetProperty("amount").GetInt32()));
        Assert.Equal("Ynl0ZXM=", Text(bytes, "data_base64"));
        Assert.Equal(("mine", "urn:me", "s", "orders"), (Text(own, "type"), Text(own, "source"), Text(own, "subject"), Text(own, "topic")));
        Assert.Equal("milk", own.GetProperty("data").GetProperty("name").GetString());
    }

    [Fact]
    [Conformance("sdk-13", Grpc + " bulkPublishEvent")]
    public async Task A_bulk_publish_delivers_each_event_and_names_no_failed_one()
    {
        await using var app = await TestApp.StartAsync("shop", TestApp.Orders());
        await using var sidecar = await SidecarUnderTest.StartAsync(app);
        using var dapr = sidecar.DaprClientOf();

        var response = await dapr.BulkPublishEventAsync("pubsub", sidecar.TopicOf("orders"), [new Order("tea", 1), new Order("milk", 2), new Order("salt", 3)]);

        Assert.Empty(response.FailedEntries);
        var names = new List<string?>();
        for (var i = 0; i < 3; i++)
        {
            names.Add((await app.NextAsync()).Json.GetProperty("data").GetProperty("name").GetString());
        }

        Assert.Equal(["milk", "salt", "tea"], names.Order());
    }

    [Fact]
    [Conformance("sdk-14", "pkg/api/errors/pubsub.go")]
    public async Task An_unknown_component_is_InvalidArgument_and_a_forbidden_topic_is_PermissionDenied()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSubWith(("publishingScopes", "caller=orders~"))]);
        using var dapr = sidecar.DaprClientOf();

        await AssertStatusAsync(StatusCode.InvalidArgument, () => dapr.PublishEventAsync("nowhere", "orders", 1), "pubsub nowhere is not found");
        await AssertStatusAsync(StatusCode.PermissionDenied, () => dapr.PublishEventAsync("pubsub", "secret", 1), "topic secret is not allowed for app id caller");
        await AssertStatusAsync(StatusCode.PermissionDenied, () => dapr.BulkPublishEventAsync("pubsub", "secret", [1, 2]), "topic secret is not allowed for app id caller");
    }

    [Fact]
    [Conformance("sdk-15", "pkg/api/grpc/auth.go; " + Sdk + " (dotnet-sdk #1282)")]
    public async Task With_a_token_every_call_needs_it_and_a_bulk_save_does_not_send_it()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub, SidecarUnderTest.Store], new Setup { DaprApiToken = "secret" });
        using var without = sidecar.DaprClientOf();
        using var wrong = sidecar.DaprClientOf(token: "wrong");
        using var with = sidecar.DaprClientOf(token: "secret");

        await AssertStatusAsync(StatusCode.Unauthenticated, () => without.GetStateAsync<int>(Store, "key"));
        await AssertStatusAsync(StatusCode.Unauthenticated, () => wrong.PublishEventAsync("pubsub", sidecar.TopicOf("orders"), 1));
        await AssertStatusAsync(StatusCode.Unauthenticated, () => with.SaveBulkStateAsync(Store, [new SaveStateItem<int>("key", 1, "")]));
        await with.SaveStateAsync(Store, "key", 2);
        await with.PublishEventAsync("pubsub", sidecar.TopicOf("orders"), 1);

        Assert.Equal(2, await with.GetStateAsync<int>(Store, "key"));
        await with.DeleteBulkStateAsync(Store, [new BulkDeleteStateItem("key", "")]);
        Assert.Equal(0, await with.GetStateAsync<int>(Store, "key"));
        Assert.True(await without.CheckHealthAsync());
    }

    [Fact]
    [Conformance("sdk-16", "pkg/api/universal/metadata.go")]
    public async Task Metadata_names_the_app_and_its_components_and_keeps_what_is_set()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var dapr = sidecar.DaprClientOf();

        await dapr.SetMetadataAsync("cliPID", "42");
        var metadata = await dapr.GetMetadataAsync();

        Assert.Equal(sidecar.FirstApp, metadata.Id);
        Assert.Superset(new HashSet<string> { "pubsub", "statestore" }, metadata.Components.Select(component => component.Name).ToHashSet());
        Assert.Equal("42", metadata.Extended["cliPID"]);
    }

    [Fact]
    [Conformance("sdk-17", "pkg/api/universal/shutdown.go")]
    public async Task Shutdown_ends_the_sidecar_or_tells_whoever_runs_it()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.PubSub], new Setup { EndsIt = true });
        using var dapr = sidecar.DaprClientOf();

        await dapr.ShutdownSidecarAsync();

        await sidecar.EndedAsync();
    }

    private static string? Text(JsonElement envelope, string field) => envelope.GetProperty(field).GetString();

    private static async Task AssertStatusAsync(StatusCode status, Func<Task> call, string messagePart = "")
    {
        var failure = await Assert.ThrowsAsync<DaprException>(call);
        var answer = Assert.IsType<RpcException>(failure.InnerException);
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(messagePart, answer.Status.Detail, StringComparison.Ordinal);
    }

    private sealed record Order(string Name, int Amount);
}
