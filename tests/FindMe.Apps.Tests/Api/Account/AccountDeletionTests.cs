using System.Globalization;
using System.Net;
using System.Net.Http.Json;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Json.Nodes;
using FindMe.Faces;
using FindMe.Pipeline;
using Microsoft.Data.Sqlite;

namespace FindMe.Apps.Tests.Api;

public sealed class AccountDeletionTests(FindMeSystem findMe) : IClassFixture<FindMeSystem>
{
    [Fact]
    public async Task Delete_everything_in_mid_search_leaves_nothing_and_what_is_in_flight_writes_nothing_back()
    {
        using var ada = findMe.NewVisitor();
        var reference = (await ada.ShowDemoFaceAsync())["id"]!.GetValue<string>();
        var finished = await ada.SearchAsync(FindMeSystem.Demo);
        await ada.UntilEndedAsync(finished);
        var search = await ada.SearchAsync(FindMeSystem.Talk);
        await ada.UntilAsync(search, view => Visitor.Count(view, "compared") >= 10);

        var before = ada.Cookies;
        using var answer = await ada.Http.DeleteAsync(new Uri("/api/me", UriKind.Relative), TestContext.Current.CancellationToken);
        var deleted = (await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!["deleted"]!;
        await QuietAsync();

        Assert.Equal(1, deleted["references"]!.GetValue<int>());
        Assert.Equal(2, deleted["searches"]!.GetValue<int>());
        Assert.Equal(6 + FindMeSystem.TalkPhotos, deleted["photos"]!.GetValue<int>());
        Assert.Empty(Keys($"search/{search}/"));
        Assert.Empty(Keys($"search/{finished}/"));
        Assert.Empty(Keys($"reference/{reference}"));
        Assert.Empty(Keys("person/"));
        using var again = new Visitor(findMe.System.Page, before);
        Assert.Equal(HttpStatusCode.Forbidden, await again.StatusOfAsync(HttpMethod.Get, "/api/references"));
        Assert.Equal(HttpStatusCode.NotFound, await again.StatusOfAsync(HttpMethod.Get, $"/api/searches/{search}"));
    }

    [Fact]
    public async Task No_embedding_and_no_cookie_stands_in_any_event_state_value_or_log_line_before_or_after_deletion()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        await ada.UntilEndedAsync(await ada.SearchAsync(FindMeSystem.Talk));
        using var engine = FaceEngine.Load(new FaceEngineOptions { ModelsPath = Checkouts.Models });
        var photo = await File.ReadAllBytesAsync(Checkouts.DemoPhotos[0], TestContext.Current.CancellationToken);
        var embedding = engine.AnalyzeReference(photo, face: 0, TestContext.Current.CancellationToken).Embedding!.ToBytes();
        var stranger = engine.AnalyzeReference(photo, face: 1, TestContext.Current.CancellationToken).Embedding!.ToBytes();
        var secrets = new List<(string What, byte[] Bytes)> { ("cookie", Encoding.ASCII.GetBytes(ada.Cookie[..40])) };
        secrets.AddRange(Traces("own embedding", embedding));
        secrets.AddRange(Traces("stranger's embedding", stranger));

        AssertNotWritten(secrets);
        Assert.Contains(findMe.Written(), file => Contains(file.Bytes, Encoding.UTF8.GetBytes("photo000.jpg")));
        using (await ada.Http.DeleteAsync(new Uri("/api/me", UriKind.Relative), TestContext.Current.CancellationToken))
        {
            await QuietAsync();
        }

        AssertNotWritten(secrets);
    }

    [Fact]
    public async Task Deleting_everything_goes_on_without_the_browser_and_after_the_app_has_died()
    {
        using var ada = findMe.NewVisitor();
        await ada.ShowDemoFaceAsync();
        var id = await SearchManyAsync(ada);
        using (var closed = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken))
        {
            var deleting = ada.Http.DeleteAsync(new Uri("/api/me", UriKind.Relative), closed.Token);
            await UntilAsync(async () => (await PersonAsync(id))?.Deleting != false);
            await closed.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => deleting);
        }

        await UntilAsync(() => Task.FromResult(Keys($"person/{id}").Count == 0));

        using var bob = findMe.NewVisitor();
        await bob.ShowDemoFaceAsync();
        id = await SearchManyAsync(bob);
        var (ended, page) = (bob.StatusOfAsync(HttpMethod.Delete, "/api/me"), findMe.System.Processes.Running().Single(process => process.Name == "findme-api").Id);
        await UntilAsync(async () => (await PersonAsync(id))?.Deleting != false);
        LocalFindMe.Kill(page);
        await Assert.ThrowsAsync<HttpRequestException>(() => ended);
        Assert.NotEmpty(Keys($"person/{id}"));
        await UntilAsync(() => Task.FromResult(Keys($"person/{id}").Count == 0));
    }

    /// <summary>Begins a search and notes many more, so that deleting takes a moment.</summary>
    /// <returns>The person's id.</returns>
    private async Task<string> SearchManyAsync(Visitor visitor)
    {
        var search = await visitor.SearchAsync(FindMeSystem.Demo);
        await visitor.UntilEndedAsync(search);
        var id = (await findMe.Dapr.GetStateAsync<Search>(StateKeys.Store, StateKeys.Search(search), TestContext.Current.CancellationToken))!.Person;
        await findMe.Dapr.UpdateStateAsync<Person>(
            StateKeys.Person(id),
            person => person with { Searches = [.. Enumerable.Range(0, 300).Select(number => $"{id[..16]}{number:x16}"), search] },
            _ => TimeSpan.FromMinutes(5),
            TestContext.Current.CancellationToken);
        return id;
    }

    private Task<Person?> PersonAsync(string id) => findMe.Dapr.GetStateAsync<Person>(StateKeys.Store, StateKeys.Person(id), TestContext.Current.CancellationToken);

    private static async Task UntilAsync(Func<Task<bool>> isSo)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        deadline.CancelAfter(TimeSpan.FromSeconds(60));
        while (!await isSo())
        {
            await Task.Delay(10, deadline.Token);
        }
    }

    // Bytes as they are, in base64 at each of its three alignments, in hexadecimal, and numbers as text.
    private static IEnumerable<(string What, byte[] Bytes)> Traces(string what, byte[] embedding)
    {
        var start = embedding[..24];
        yield return ($"{what}, bytes", start);
        yield return ($"{what}, hexadecimal", Encoding.ASCII.GetBytes(Convert.ToHexStringLower(start)));
        yield return ($"{what}, HEXADECIMAL", Encoding.ASCII.GetBytes(Convert.ToHexString(start)));
        for (var shift = 0; shift < 3; shift++)
        {
            var encoded = Convert.ToBase64String([.. new byte[shift], .. embedding[..30]]);
            yield return ($"{what}, base64 at {shift}", Encoding.ASCII.GetBytes(encoded[4..32]));
        }

        foreach (var number in MemoryMarshal.Cast<byte, float>(embedding)[..8].ToArray())
        {
            yield return ($"{what}, decimal", Encoding.ASCII.GetBytes(Math.Abs(number).ToString("R", CultureInfo.InvariantCulture)));
        }
    }

    private void AssertNotWritten(List<(string What, byte[] Bytes)> secrets)
    {
        foreach (var (file, bytes) in findMe.Written())
        {
            foreach (var (what, secret) in secrets)
            {
                Assert.False(Contains(bytes, secret), $"{file} holds the {what}");
            }
        }
    }

    private static bool Contains(byte[] bytes, byte[] part) => bytes.AsSpan().IndexOf(part) >= 0;

    // Nothing is being compared or written any more.
    private async Task QuietAsync()
    {
        var last = findMe.System.Sidecar.Traffic.Of("findme-compare");
        for (var quiet = 0; quiet < 8;)
        {
            await Task.Delay(250, TestContext.Current.CancellationToken);
            var now = findMe.System.Sidecar.Traffic.Of("findme-compare");
            quiet = now == last ? quiet + 1 : 0;
            last = now;
        }
    }

    private List<string> Keys(string part)
    {
        using var connection = new SqliteConnection($"Data Source={findMe.System.Sidecar.DatabasePath};Mode=ReadOnly;Pooling=False");
        connection.Open();
        using var command = connection.CreateCommand();
        command.CommandText = "SELECT key FROM state WHERE key LIKE '%' || $part || '%'";
        command.Parameters.AddWithValue("$part", part);
        using var rows = command.ExecuteReader();
        var keys = new List<string>();
        while (rows.Read())
        {
            keys.Add(rows.GetString(0));
        }

        return keys;
    }
}
