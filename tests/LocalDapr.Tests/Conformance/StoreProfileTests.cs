using System.Globalization;
using System.Net;

namespace LocalDapr.Tests.Conformance;

/// <summary>Differences between stores.</summary>
public class StoreProfileTests
{
    private const string Sqlite = "components-contrib state/sqlite/sqlite_dbaccess.go";
    private const string Redis = "components-contrib state/redis/redis.go";
    private const string Postgres = "components-contrib state/postgresql/v2/postgresql.go doSet";
    private const string FirstWrite = ""","options":{"concurrency":"first-write"}""";
    private const string LastWrite = ""","options":{"concurrency":"last-write"}""";

    [Fact]
    [Conformance("redis-01", Redis + " setDefaultQuery", Profile = "Redis")]
    public async Task An_etag_is_a_whole_number_that_grows_and_another_kind_is_400()
    {
        await using var sidecar = await RedisAsync();

        using var one = await sidecar.SaveAsync("key", "1");
        var first = (await sidecar.GetAsync("key"))!.Value.ETag;
        using var two = await sidecar.SaveAsync("key", "2", first);
        var second = (await sidecar.GetAsync("key"))!.Value.ETag;
        using var invalid = await sidecar.SaveAsync("key", "3", "not-a-number");

        Assert.Equal(("1", "2"), (first, second));
        await SidecarUnderTest.AssertErrorAsync(invalid, 400, "ERR_STATE_SAVE", "invalid etag value");
    }

    [Fact]
    [Conformance("redis-02", Redis + " setDefaultQuery", Profile = "Redis")]
    public async Task A_stale_etag_is_409_and_a_missing_key_takes_any_etag()
    {
        await using var sidecar = await RedisAsync();
        using var _ = await sidecar.SaveAsync("key", "1");

        using var stale = await sidecar.SaveAsync("key", "2", "7");
        using var missing = await sidecar.SaveAsync("other", "2", "7");

        await SidecarUnderTest.AssertErrorAsync(stale, 409, "ERR_STATE_SAVE", "possible etag mismatch");
        Assert.Equal(HttpStatusCode.NoContent, missing.StatusCode);
        Assert.Equal("1", (await sidecar.GetAsync("key"))!.Value.Value);
        Assert.Equal("2", (await sidecar.GetAsync("other"))!.Value.Value);
    }

    [Fact]
    [Conformance("redis-03", Redis + " setDefaultQuery (first-write flag)", Profile = "Redis")]
    public async Task First_write_on_a_key_once_written_first_write_is_500_and_so_is_any_write_without_an_etag()
    {
        await using var sidecar = await RedisAsync();
        using var created = await sidecar.SaveAsync("key", "1", more: FirstWrite);

        using var again = await sidecar.SaveAsync("key", "2", more: FirstWrite);
        using var plain = await sidecar.SaveAsync("key", "3");
        using var withETag = await sidecar.SaveAsync("key", "4", (await sidecar.GetAsync("key"))!.Value.ETag);

        Assert.Equal(HttpStatusCode.NoContent, created.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(again, 500, "ERR_STATE_SAVE");
        await SidecarUnderTest.AssertErrorAsync(plain, 500, "ERR_STATE_SAVE");
        Assert.Equal(HttpStatusCode.NoContent, withETag.StatusCode);
        Assert.Equal("4", (await sidecar.GetAsync("key"))!.Value.Value);
    }

    [Fact]
    [Conformance("redis-04", Redis + " setDefaultQuery (first-write flag)", Profile = "Redis")]
    public async Task First_write_overwrites_a_key_that_was_written_otherwise()
    {
        await using var sidecar = await RedisAsync();
        using var _ = await sidecar.SaveAsync("key", "1");

        using var overwritten = await sidecar.SaveAsync("key", "2", more: FirstWrite);

        Assert.Equal(HttpStatusCode.NoContent, overwritten.StatusCode);
        Assert.Equal("2", (await sidecar.GetAsync("key"))!.Value.Value);
    }

    [Fact]
    [Conformance("redis-05", Redis + " parseETag", Profile = "Redis")]
    public async Task Last_write_spelled_out_makes_it_look_past_an_etag()
    {
        await using var sidecar = await RedisAsync();
        using var _ = await sidecar.SaveAsync("key", "1");

        using var overwritten = await sidecar.SaveAsync("key", "2", "7", LastWrite);

        Assert.Equal(HttpStatusCode.NoContent, overwritten.StatusCode);
        Assert.Equal("2", (await sidecar.GetAsync("key"))!.Value.Value);
    }

    [Fact]
    [Conformance("redis-06", Redis + " setValue (EXPIRE, PERSIST)", Profile = "Redis")]
    public async Task The_old_time_to_live_stays_when_a_save_names_none_and_no_header_tells_of_it()
    {
        await using var sidecar = await RedisAsync();
        using (await sidecar.SaveAsync("short", "1", more: ""","metadata":{"ttlInSeconds":"2"}"""))
        using (await sidecar.SaveAsync("long", "1", more: ""","metadata":{"ttlInSeconds":"2"}"""))
        {
        }

        using var read = await sidecar.Http.GetAsync("/v1.0/state/statestore/short");
        using (await sidecar.SaveAsync("short", "2"))
        using (await sidecar.SaveAsync("long", "2", more: ""","metadata":{"ttlInSeconds":"-1"}"""))
        {
        }

        Assert.Null(SidecarUnderTest.Raw(read, "metadata.ttlExpireTime"));
        await Eventually.TrueAsync(async () => await sidecar.GetAsync("short") is null);
        Assert.Equal("2", (await sidecar.GetAsync("long"))!.Value.Value);
    }

    [Fact]
    [Conformance("redis-07", Redis + " Multi", Profile = "Redis")]
    public async Task A_transaction_is_not_rolled_back_and_forgets_first_write()
    {
        await using var sidecar = await RedisAsync();
        using var _ = await sidecar.SaveAsync("key", "1");

        using var refused = await TransactAsync("""
            {"operations":[{"operation":"upsert","request":{"key":"a","value":1}},{"operation":"upsert","request":{"key":"key","value":2,"etag":"7"}},
             {"operation":"upsert","request":{"key":"b","value":1,"options":{"concurrency":"first-write"}}}]}
            """);
        using var plain = await sidecar.SaveAsync("b", "2");

        await SidecarUnderTest.AssertErrorAsync(refused, 500, "ERR_STATE_TRANSACTION");
        Assert.NotNull(await sidecar.GetAsync("a"));
        Assert.Equal("1", (await sidecar.GetAsync("key"))!.Value.Value);
        Assert.Equal(HttpStatusCode.NoContent, plain.StatusCode);

        Task<HttpResponseMessage> TransactAsync(string body) => sidecar.PostAsync("/v1.0/state/statestore/transaction", body);
    }

    [Fact]
    [Conformance("postgres-01", Postgres, Profile = "PostgreSQL")]
    public async Task On_PostgreSQL_first_write_on_a_key_that_exists_is_500()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync(
            [SidecarUnderTest.Store], new Setup { Store = StoreProfile.PostgreSql, IsLocalOnly = "the target has no PostgreSQL" });
        using var _ = await sidecar.SaveAsync("key", "1");

        using var refused = await sidecar.SaveAsync("key", "2", more: FirstWrite);
        using var mismatch = await sidecar.SaveAsync("key", "3", "wrong");

        await SidecarUnderTest.AssertErrorAsync(refused, 500, "ERR_STATE_SAVE", "no item was updated");
        await SidecarUnderTest.AssertErrorAsync(mismatch, 409, "ERR_STATE_SAVE");
    }

    [Fact]
    [Conformance("state-04", Sqlite, Profile = "SQLite, in-memory")]
    public async Task First_write_without_an_etag_creates_and_never_overwrites_while_last_write_and_an_empty_etag_do()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Store = StoreProfile.Sqlite });

        using var created = await sidecar.SaveAsync("key", "1", more: FirstWrite);
        using var refused = await sidecar.SaveAsync("key", "2", more: FirstWrite);
        using var overwritten = await sidecar.SaveAsync("key", "3", etag: "", more: ""","options":{"concurrency":"last-write","consistency":"strong"}""");

        Assert.Equal(HttpStatusCode.NoContent, created.StatusCode);
        await SidecarUnderTest.AssertErrorAsync(refused, 409, "ERR_STATE_SAVE");
        Assert.Equal(HttpStatusCode.NoContent, overwritten.StatusCode);
        Assert.Equal("3", (await sidecar.GetAsync("key"))!.Value.Value);
    }

    [Fact]
    [Conformance("state-09", Sqlite + "; pkg/api/http/responses.go", Profile = "SQLite, in-memory, PostgreSQL")]
    public async Task A_time_to_live_shows_in_a_header_ends_the_key_and_is_cleared_by_a_save_without_one()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Store = StoreProfile.Sqlite });
        using (await sidecar.PostAsync("/v1.0/state/statestore?metadata.ttlInSeconds=1", """[{"key":"short","value":1,"metadata":{"ttlInSeconds":"600"}}]"""))
        using (await sidecar.SaveAsync("long", "1", more: ""","metadata":{"ttlInSeconds":"600"}"""))
        using (await sidecar.SaveAsync("ever", "1", more: ""","metadata":{"ttlInSeconds":"-1"}"""))
        {
        }

        using var before = await sidecar.Http.GetAsync("/v1.0/state/statestore/long");
        var expires = DateTimeOffset.Parse(SidecarUnderTest.Raw(before, "metadata.ttlExpireTime")!, CultureInfo.InvariantCulture);
        Assert.InRange((expires - TimeProvider.System.GetUtcNow()).TotalSeconds, 500, 601);

        using (await sidecar.SaveAsync("long", "2"))
        {
        }

        using var after = await sidecar.Http.GetAsync("/v1.0/state/statestore/long");
        Assert.Null(SidecarUnderTest.Raw(after, "metadata.ttlExpireTime"));
        await Eventually.TrueAsync(async () => await sidecar.GetAsync("short") is null);
        Assert.NotNull(await sidecar.GetAsync("ever"));

        // An expired key does not exist for first-write, either.
        using var again = await sidecar.SaveAsync("short", "2", more: FirstWrite);
        Assert.Equal(HttpStatusCode.NoContent, again.StatusCode);
    }

    private static Task<SidecarUnderTest> RedisAsync() =>
        SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Store = StoreProfile.Redis });
}
