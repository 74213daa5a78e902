using System.Net;
using System.Text.Json;

namespace LocalDapr.Tests.Conformance;

public class StateTests
{
    private const string Http = "pkg/api/http/http.go";
    private const string Sqlite = "components-contrib state/sqlite/sqlite_dbaccess.go";
    private const string FirstWrite = ""","options":{"concurrency":"first-write"}""";

    [Fact]
    [Conformance("state-01", Http + " onGetState")]
    public async Task A_missing_key_is_204_and_a_saved_one_is_200_with_its_etag_unquoted()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        Assert.Null(await sidecar.GetAsync("key"));
        using var saved = await sidecar.SaveAsync("key", """{"a":1}""");
        Assert.Equal(HttpStatusCode.NoContent, saved.StatusCode);

        using var response = await sidecar.Http.GetAsync("/v1.0/state/statestore/key?consistency=strong&metadata.partitionKey=x");
        Assert.Equal("application/json", response.Content.Headers.ContentType?.ToString());
        Assert.Equal("""{"a":1}""", await response.Content.ReadAsStringAsync());
        Assert.DoesNotContain('"', SidecarUnderTest.Raw(response, "ETag")!);
        Assert.Null(SidecarUnderTest.Raw(response, "metadata.ttlExpireTime"));
    }

    [Fact]
    [Conformance("state-03", Sqlite)]
    public async Task An_etag_lets_the_first_writer_through_and_the_second_gets_409()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var _ = await sidecar.SaveAsync("key", "1");
        var (_, etag) = (await sidecar.GetAsync("key"))!.Value;

        using var first = await sidecar.SaveAsync("key", "2", etag);
        using var second = await sidecar.SaveAsync("key", "3", etag);
        using var missing = await sidecar.SaveAsync("other", "3", etag);

        Assert.Equal(HttpStatusCode.NoContent, first.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(second, 409, "ERR_STATE_SAVE", "failed saving state in state store statestore: possible etag mismatch");
        if (sidecar.StateStore == StoreProfile.Redis)
        {
            Assert.Equal(HttpStatusCode.NoContent, missing.StatusCode);
        }
        else
        {
            await SidecarUnderTest.AssertErrorAsync(missing, 409, "ERR_STATE_SAVE");
        }

        var (value, newETag) = (await sidecar.GetAsync("key"))!.Value;
        Assert.Equal("2", value);
        Assert.NotEqual(etag, newETag);
    }

    [Fact]
    [Conformance("state-05", Http + " onDeleteState")]
    public async Task Delete_takes_an_etag_in_If_Match_and_does_not_mind_a_missing_key()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var _ = await sidecar.SaveAsync("key", "1");
        var (_, etag) = (await sidecar.GetAsync("key"))!.Value;

        using var wrong = await DeleteAsync("key", "other");
        using var right = await DeleteAsync("key", etag);
        using var missing = await DeleteAsync("key", null);
        using var missingWithETag = await DeleteAsync("key", etag);

        await SidecarUnderTest.AssertErrorAsync(wrong, 409, "ERR_STATE_DELETE", "failed deleting state with key key: possible etag mismatch");
        Assert.Equal(HttpStatusCode.NoContent, right.StatusCode);
        Assert.Null(await sidecar.GetAsync("key"));
        Assert.Equal(HttpStatusCode.NoContent, missing.StatusCode);
        if (sidecar.StateStore == StoreProfile.Redis)
        {
            Assert.Equal(HttpStatusCode.NoContent, missingWithETag.StatusCode);
        }
        else
        {
            await SidecarUnderTest.AssertErrorAsync(missingWithETag, 409, "ERR_STATE_DELETE");
        }

        Task<HttpResponseMessage> DeleteAsync(string key, string? match)
        {
            var request = new HttpRequestMessage(HttpMethod.Delete, $"/v1.0/state/statestore/{key}?concurrency=first-write");
            if (match is not null)
            {
                request.Headers.TryAddWithoutValidation("If-Match", match);
            }

            return sidecar.Http.SendAsync(request);
        }
    }

    [Fact]
    [Conformance("state-06", Http + " onBulkGetState")]
    public async Task A_bulk_get_answers_each_key_and_only_names_a_missing_one()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var saved = await sidecar.PostAsync("/v1.0/state/statestore", """[{"key":"a","value":{"x":1}},{"key":"b","value":"text","metadata":{"ttlInSeconds":"60"}}]""");

        using var response = await sidecar.PostAsync("/v1.0/state/statestore/bulk", """{"keys":["b","none","a"],"parallelism":10}""");

        Assert.Equal("application/json", response.Content.Headers.ContentType?.MediaType);
        // Some stores return another order.
        var items = JsonDocument.Parse(await response.Content.ReadAsStringAsync()).RootElement.EnumerateArray().ToDictionary(item => item.GetProperty("key").GetString()!);
        Assert.Equal(["a", "b", "none"], items.Keys.Order());
        Assert.Equal("text", items["b"].GetProperty("data").GetString());
        Assert.Equal(
            sidecar.StateStore != StoreProfile.Redis,
            items["b"].TryGetProperty("metadata", out var metadata) && metadata.TryGetProperty("ttlExpireTime", out _));
        Assert.Equal(["key"], items["none"].EnumerateObject().Select(field => field.Name));
        Assert.Equal("""{"x":1}""", items["a"].GetProperty("data").GetRawText());
        Assert.Equal((await sidecar.GetAsync("a"))!.Value.ETag, items["a"].GetProperty("etag").GetString());

        using var none = await sidecar.PostAsync("/v1.0/state/statestore/bulk", """{"keys":[]}""");
        Assert.Equal("[]", (await none.Content.ReadAsStringAsync()).Trim());
    }

    [Fact]
    [Conformance("state-07", Http + " onPostStateTransaction")]
    public async Task A_transaction_is_204_and_a_mismatch_in_it_is_500_with_nothing_done_but_on_Redis()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var _ = await sidecar.SaveAsync("old", "1");

        using var done = await TransactAsync("""
            {"operations":[{"operation":"upsert","request":{"key":"new","value":2}},{"operation":"delete","request":{"key":"old"}}],"metadata":{"partitionKey":"p"}}
            """);
        using var refused = await TransactAsync("""
            {"operations":[{"operation":"upsert","request":{"key":"third","value":3}},{"operation":"delete","request":{"key":"new","etag":"wrong"}}]}
            """);
        using var nothing = await TransactAsync("""{"operations":[]}""");

        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        Assert.Equal(HttpStatusCode.NoContent, nothing.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(refused, 500, "ERR_STATE_TRANSACTION", "error while executing state transaction: ");
        Assert.Equal("2", (await sidecar.GetAsync("new"))!.Value.Value);
        Assert.Null(await sidecar.GetAsync("old"));
        // Redis has no rollback: the other operations are done.
        Assert.Equal(sidecar.StateStore == StoreProfile.Redis, await sidecar.GetAsync("third") is not null);

        Task<HttpResponseMessage> TransactAsync(string body) => sidecar.PostAsync("/v1.0/state/statestore/transaction", body);
    }

    [Fact]
    [Conformance("state-08", Http + " onPostState; pkg/components/state PerformBulkStoreOperation")]
    public async Task A_save_of_several_items_does_what_it_can_and_one_mismatch_makes_it_409()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using (await sidecar.SaveAsync("b", "1"))
        {
        }

        var stale = (await sidecar.GetAsync("b"))!.Value.ETag;
        using (await sidecar.SaveAsync("b", "2", stale))
        {
        }

        using var response = await sidecar.PostAsync(
            "/v1.0/state/statestore", $$"""[{"key":"a","value":1},{"key":"b","value":3,"etag":"{{stale}}"},{"key":"c","value":3}]""");

        await SidecarUnderTest.AssertErrorAsync(response, 409, "ERR_STATE_SAVE");
        Assert.NotNull(await sidecar.GetAsync("a"));
        Assert.Equal("2", (await sidecar.GetAsync("b"))!.Value.Value);
        Assert.NotNull(await sidecar.GetAsync("c"));
    }

    [Fact]
    [Conformance("state-13", "components-contrib state/* (facts of each store)")]
    public async Task Creating_with_first_write_twice_is_204_and_then_409_or_on_Redis_and_PostgreSQL_500()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();

        using var created = await sidecar.SaveAsync("key", "1", more: FirstWrite);
        using var refused = await sidecar.SaveAsync("key", "2", more: FirstWrite);

        Assert.Equal(HttpStatusCode.NoContent, created.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(refused, sidecar.StateStore == StoreProfile.Sqlite ? 409 : 500, "ERR_STATE_SAVE");
        Assert.Equal("1", (await sidecar.GetAsync("key"))!.Value.Value);
    }
}
