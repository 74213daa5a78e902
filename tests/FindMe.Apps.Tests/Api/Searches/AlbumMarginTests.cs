using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using FindMe.Local;

namespace FindMe.Apps.Tests.Api;

/// <summary>In an album whose people look alike, the end of a search takes back what is not nearer than they are.</summary>
public sealed class AlbumMarginTests(AlbumMarginTests.WideSystem findMe) : IClassFixture<AlbumMarginTests.WideSystem>
{
    [Fact]
    public async Task In_an_album_of_people_who_look_alike_a_face_must_be_nearer_and_every_reader_agrees()
    {
        using var ada = await findMe.NewPersonAsync();

        var (_, search) = await ada.SearchZipAsync(AlikeAlbum.Photos(alike: true));

        var view = await ada.GetAsync($"/api/searches/{search}");
        Assert.InRange(view["albumMargin"]!.GetValue<double>(), 0.03, 0.07);
        Assert.Equal(["nearest.jpg maybe", "own.jpg match"], Verdicts(view));
        var farther = await ada.GetAsync($"/api/searches/{search}?within=1.1");
        Assert.Equal(["near.jpg no", "nearest.jpg maybe", "own.jpg match"], Verdicts(farther));
        Assert.True(Match(farther, "near.jpg")["confidence"]!.GetValue<double>() < Match(farther, "nearest.jpg")["confidence"]!.GetValue<double>());

        var picture = Match(farther, "near.jpg")["photo"]!["url"]!.GetValue<string>();
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, picture));
        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Get, $"{picture}/original"));
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, $"{Match(view, "nearest.jpg")["photo"]!["url"]}/original"));

        // A reader of events who has seen everything already is told what still counts.
        var events = await ada.EventsAsync(search);
        var (last, end) = events[^1];
        Assert.Equal(view["albumMargin"]!.GetValue<double>(), end["albumMargin"]!.GetValue<double>());
        Assert.Equal(Verdicts(view), Verdicts(end));
        Assert.Equal(Verdicts(view), Verdicts((await ada.EventsAsync(search, last))[^1].Data));

        var summary = Assert.Single((await ada.GetAsync("/api/searches")).AsArray(), summary => summary!["id"]!.GetValue<string>() == search)!;
        Assert.Equal(2, summary["matches"]!.GetValue<int>());
        var list = await ada.Http.GetStringAsync(new Uri($"/api/searches/{search}/export?format=csv", UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(1 + 2, list.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task The_order_of_the_photos_does_not_matter_and_the_persons_word_stands_above_it()
    {
        using var ada = await findMe.NewPersonAsync();
        var photos = AlikeAlbum.Photos(alike: true);
        new Random(1).Shuffle(photos);

        var (_, search) = await ada.SearchZipAsync(photos);
        var view = await ada.GetAsync($"/api/searches/{search}");
        Assert.Equal(["nearest.jpg maybe", "own.jpg match"], Verdicts(view));

        var all = await ada.GetAsync($"/api/searches/{search}?within=1.1");
        await JudgeAsync("near.jpg", true);
        await JudgeAsync("nearest.jpg", false);
        var judged = await ada.GetAsync($"/api/searches/{search}");
        Assert.Equal(["near.jpg match", "own.jpg match"], Verdicts(judged));
        Assert.Equal(view["albumMargin"]!.GetValue<double>(), judged["albumMargin"]!.GetValue<double>());
        await JudgeAsync("near.jpg", null);
        await JudgeAsync("nearest.jpg", null);
        Assert.Equal(Verdicts(view), Verdicts(await ada.GetAsync($"/api/searches/{search}")));

        async Task JudgeAsync(string name, bool? isMe)
        {
            await AlbumMarginTests.JudgeAsync(ada, search, Match(all, name)["photo"]!["id"]!.GetValue<string>(), isMe);
        }
    }

    [Fact]
    public async Task A_link_to_a_photo_that_is_taken_back_shows_nothing_any_more()
    {
        using var ada = await findMe.NewPersonAsync();
        var (_, search) = await ada.SearchZipAsync(AlikeAlbum.Photos(alike: true));
        var photo = Match(await ada.GetAsync($"/api/searches/{search}?within=1.1"), "near.jpg")["photo"]!["id"]!.GetValue<string>();
        await JudgeAsync(ada, search, photo, true);
        using var shared = await ada.Http.PostAsJsonAsync($"/api/searches/{search}/shares", new { photos = new[] { photo }, days = 1 }, TestContext.Current.CancellationToken);
        Assert.True(shared.IsSuccessStatusCode, await shared.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        var link = new Uri(JsonNode.Parse(await shared.Content.ReadAsStringAsync(TestContext.Current.CancellationToken))!["url"]!.GetValue<string>()).AbsolutePath;
        Assert.Equal(HttpStatusCode.OK, await ada.StatusOfAsync(HttpMethod.Get, $"{link}/1"));

        await JudgeAsync(ada, search, photo, null);

        Assert.Equal(HttpStatusCode.NotFound, await ada.StatusOfAsync(HttpMethod.Get, $"{link}/1"));
    }

    [Fact]
    public async Task A_picture_of_look_alikes_that_was_posted_five_times_counts_once()
    {
        using var ada = await findMe.NewPersonAsync();

        var (_, search) = await ada.SearchZipAsync(AlikeAlbum.Photos(alike: false));

        var view = await ada.GetAsync($"/api/searches/{search}");
        Assert.Equal(0, view["albumMargin"]!.GetValue<double>());
        Assert.Equal(["near.jpg maybe", "nearest.jpg match", "own.jpg match"], Verdicts(view));
    }

    private static async Task JudgeAsync(Visitor person, string search, string photo, bool? isMe)
    {
        using var answer = await person.Http.PostAsJsonAsync($"/api/searches/{search}/judgements", new { judgements = new[] { new { photo, isMe } } }, TestContext.Current.CancellationToken);
        Assert.True(answer.IsSuccessStatusCode, await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static List<string> Verdicts(JsonNode view) =>
        [.. view["matches"]!.AsArray().Select(match => $"{NameOf(match!)} {match!["verdict"]}").Order(StringComparer.Ordinal)];

    private static JsonNode Match(JsonNode view, string photo) => view["matches"]!.AsArray().Single(match => NameOf(match!) == photo)!;

    private static string NameOf(JsonNode match) => match["post"]!["id"]!.GetValue<string>();

    /// <summary>FindMe with distances at which the album's nearest stranger is a match and the next one a question.</summary>
    public sealed class WideSystem : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();
        private LocalSystem? _system;

        internal async Task<Visitor> NewPersonAsync()
        {
            var visitor = new Visitor(_system!.Page);
            await visitor.ShowAsync(AlikeAlbum.Person.Photo, AlikeAlbum.Person.Face);
            return visitor;
        }

        public async ValueTask InitializeAsync() => _system = await LocalSystem.StartAsync(
            new LocalSystemOptions
            {
                Checkout = Checkout.Find(),
                DataPath = _folder.Folder("data"),
                Albums = [_folder.Folder("none")],
                Settings = new Dictionary<string, string> { ["Faces__MatchDistance"] = "1.0925", ["Faces__MaybeDistance"] = "1.16" },
            },
            CancellationToken.None);

        public async ValueTask DisposeAsync()
        {
            if (_system is not null)
            {
                await _system.DisposeAsync();
            }

            _folder.Dispose();
        }
    }
}
