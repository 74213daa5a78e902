using Microsoft.Data.Sqlite;
using Microsoft.Extensions.Logging.Abstractions;

namespace LocalDapr.Tests.Data;

public sealed class DatabaseTests
{
    [Fact]
    public async Task A_file_of_a_newer_schema_is_refused_by_name_and_left_alone()
    {
        using var folder = new TemporaryFolder();
        await using (Open(folder))
        {
        }

        Execute(folder, "PRAGMA user_version = 99");

        var refusal = Assert.Throws<SidecarDataException>(() => Open(folder));

        Assert.Equal(
            $"{FileOf(folder)} was written by a newer version (schema 99; this version supports {Schema.Steps.Count}): use that version, or another --data folder.",
            refusal.Message);
    }

    [Fact]
    public void An_older_file_is_upgraded_in_place_step_by_step_or_not_at_all()
    {
        using var connection = new SqliteConnection("Data Source=:memory:");
        connection.Open();
        Schema.Upgrade(connection, "file", ["CREATE TABLE a (x); INSERT INTO a VALUES (1)"]);

        Assert.Throws<SqliteException>(() => Schema.Upgrade(connection, "file", ["", "ALTER TABLE a ADD COLUMN y", "nonsense"]));
        Assert.Equal(1L, Scalar("PRAGMA user_version"));
        Assert.Equal(1L, Scalar("SELECT COUNT(*) FROM pragma_table_info('a')"));

        Schema.Upgrade(connection, "file", ["", "ALTER TABLE a ADD COLUMN y", "UPDATE a SET y = x + 1"]);
        Assert.Equal(3L, Scalar("PRAGMA user_version"));
        Assert.Equal(2L, Scalar("SELECT y FROM a"));

        object? Scalar(string sql)
        {
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return command.ExecuteScalar();
        }
    }

    [Fact]
    public async Task Another_programs_database_and_a_file_that_is_none_are_refused()
    {
        using var folder = new TemporaryFolder();
        Execute(folder, "CREATE TABLE theirs (x)");
        Assert.Contains("is not a local Dapr database", Assert.Throws<SidecarDataException>(() => Open(folder)).Message, StringComparison.Ordinal);

        await File.WriteAllTextAsync(FileOf(folder), new string('x', 5000));
        Assert.Contains("cannot be used", Assert.Throws<SidecarDataException>(() => Open(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_sidecar_on_the_same_data_is_refused_and_may_come_when_the_first_has_gone()
    {
        using var folder = new TemporaryFolder();
        await using (Open(folder))
        {
            Assert.Contains("is in use by another sidecar", Assert.Throws<SidecarDataException>(() => Open(folder)).Message, StringComparison.Ordinal);
        }

        await using var next = Open(folder);
    }

    [Fact]
    public async Task A_folder_that_cannot_be_made_is_refused_with_what_to_do()
    {
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "file");
        await File.WriteAllTextAsync(file, "");

        var refusal = Assert.Throws<SidecarDataException>(() => Database.Open(Path.Combine(file, "data"), NullLogger.Instance));

        Assert.Contains("make the folder writable", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_full_disk_fails_the_request_that_does_not_fit_and_no_other()
    {
        await using var sidecar = await SidecarUnderTest.StartAsync();
        using var _ = await sidecar.SaveAsync("before", "1");
        await sidecar.Sidecar.Database.WriteAsync(session => session.Scalar("PRAGMA max_page_count = 40"));

        var large = '"' + new string('x', 1_000_000) + '"';
        var results = await Task.WhenAll(Enumerable.Range(0, 20).Select(i => sidecar.SaveAsync($"key{i}", i % 2 == 0 ? large : "1")));

        for (var i = 0; i < results.Length; i++)
        {
            Assert.Equal(i % 2 == 0 ? 500 : 204, (int)results[i].StatusCode);
            Assert.Equal(i % 2 == 0, await sidecar.GetAsync($"key{i}") is null);
            results[i].Dispose();
        }

        await sidecar.Sidecar.Database.WriteAsync(session => session.Scalar("PRAGMA max_page_count = 100000"));
        using var after = await sidecar.SaveAsync("after", large);
        Assert.Equal(System.Net.HttpStatusCode.NoContent, after.StatusCode);
    }

    [Fact]
    public async Task Operations_of_one_commit_are_told_in_order_and_a_failing_one_takes_no_other_with_it()
    {
        using var folder = new TemporaryFolder();
        await using var database = Open(folder);
        var told = new List<int>();
        var gate = new ManualResetEventSlim();
        var first = database.WriteAsync(_ =>
        {
            gate.Wait();
            return 0;
        });
        var rest = Enumerable.Range(1, 10)
            .Select(i => database.WriteAsync(
                session => i == 5 ? session.Execute("INSERT INTO nothing VALUES (1)") : session.Execute("INSERT INTO subscription VALUES (?1, 'p', ?1, 'a')", i),
                _ => told.Add(i)))
            .ToList();
        gate.Set();
        await first;

        await Assert.ThrowsAsync<SqliteException>(() => rest[4]);
        await Task.WhenAll(rest.Where((_, i) => i != 4));
        Assert.Equal([1, 2, 3, 4, 6, 7, 8, 9, 10], told);
        Assert.Equal(9L, database.Read(session => session.Scalar("SELECT COUNT(*) FROM subscription")));
    }

    [Fact]
    public async Task Expired_keys_leave_the_file_within_a_minute()
    {
        var clock = new ManualClock();
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Time = clock });
        using var _ = await sidecar.SaveAsync("short", "1", more: ""","metadata":{"ttlInSeconds":"30"}""");
        using var __ = await sidecar.SaveAsync("long", "1", more: ""","metadata":{"ttlInSeconds":"300"}""");
        Assert.Equal(2, Waiting.Keys(sidecar));

        clock.Advance(TimeSpan.FromSeconds(61));

        Assert.Null(await sidecar.GetAsync("short"));
        await Eventually.TrueAsync(() => Waiting.Keys(sidecar) == 1);
        Assert.NotNull(await sidecar.GetAsync("long"));
    }

    [Fact]
    public async Task Its_files_are_their_owners_alone_also_those_that_were_not()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no file modes");
        using var folder = new TemporaryFolder();
        await File.WriteAllTextAsync(FileOf(folder), "");
        SetMode(FileOf(folder));

        await using var database = Open(folder);
        await database.WriteAsync(session => session.Execute("INSERT INTO subscription VALUES (1, 'p', 't', 'a')"));

        Assert.Equal(["sidecar.db", "sidecar.db-shm", "sidecar.db-wal", "sidecar.db.lock"], Directory.GetFiles(folder.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        Assert.All(Directory.GetFiles(folder.Path), file => Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, ModeOf(file)));

        static void SetMode(string file)
        {
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead);
            }
        }

        static UnixFileMode ModeOf(string file) => OperatingSystem.IsWindows() ? UnixFileMode.None : File.GetUnixFileMode(file);
    }

    [Fact]
    public async Task A_file_with_a_damaged_page_is_refused_at_start_with_advice_that_fits_and_an_error_in_the_log()
    {
        using var folder = new TemporaryFolder();
        var log = new LogLines();
        await FillAsync(folder);
        await DamageAsync(folder);

        var refusal = Assert.Throws<SidecarDataException>(() => Database.Open(folder.Path, log));

        Assert.StartsWith($"{FileOf(folder)} is damaged (", refusal.Message, StringComparison.Ordinal);
        Assert.EndsWith("Restore a copy of the data folder, or start with another --data folder.", refusal.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("disk space", refusal.Message, StringComparison.Ordinal);
        Assert.Contains(log.Errors, line => line.Contains("is damaged", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Damage_met_while_running_is_logged_once_and_remembered_and_every_answer_says_so()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "data"));
        await FillAsync(folder, "data");
        var log = new LogLines();
        await using var sidecar = await SidecarUnderTest.StartAsync([SidecarUnderTest.Store], new Setup { Folder = folder, Log = log });
        Assert.Null(sidecar.Sidecar.DataFault);

        await DamageAsync(folder, "data");
        for (var i = 0; i < 2; i++)
        {
            using var read = await sidecar.Http.GetAsync("/v1.0/state/statestore/key100");
            await SidecarUnderTest.AssertErrorAsync(read, 500, "ERR_DATA_DAMAGED");
            using var written = await sidecar.SaveAsync("key100", "1");
            await SidecarUnderTest.AssertErrorAsync(written, 500, "ERR_DATA_DAMAGED");
        }

        Assert.Contains("Restore a copy", sidecar.Sidecar.DataFault, StringComparison.Ordinal);
        Assert.Single(log.Errors, line => line.Contains("is damaged", StringComparison.Ordinal));
    }

    private static async Task FillAsync(TemporaryFolder folder, string data = "")
    {
        await using var database = Database.Open(Path.Combine(folder.Path, data), NullLogger.Instance);
        await database.WriteAsync(session =>
        {
            // More than SQLite's page cache of 2 MB.
            for (var i = 0; i < 5_000; i++)
            {
                session.Execute(
                    "INSERT INTO state (store, key, value, etag) VALUES ('statestore', ?1, ?2, 'e')", $"key{i}", $"\"{new string('x', 1000)}\"");
            }

            return 0;
        });
    }

    // All pages with rows, from the third. The first pages hold the schema, without which SQLite cannot open the file.
    private static async Task DamageAsync(TemporaryFolder folder, string data = "")
    {
        const int PageBytes = 4096;
        var path = Path.Combine(folder.Path, data, "sidecar.db");
        var bytes = await File.ReadAllBytesAsync(path);
        await using var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite);
        for (var page = 2; page < bytes.Length / PageBytes; page++)
        {
            if (bytes.AsSpan(page * PageBytes, PageBytes).IndexOf("xxxxxxxx"u8) >= 0)
            {
                file.Position = page * PageBytes;
                await file.WriteAsync(Enumerable.Repeat((byte)0xA5, PageBytes).ToArray());
            }
        }
    }

    private static Database Open(TemporaryFolder folder) => Database.Open(folder.Path, NullLogger.Instance);

    private static string FileOf(TemporaryFolder folder) => Path.Combine(folder.Path, "sidecar.db");

    private static void Execute(TemporaryFolder folder, string sql)
    {
        using var connection = new SqliteConnection($"Data Source={FileOf(folder)};Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}
