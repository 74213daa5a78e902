using System.Diagnostics;
using System.Net.Http.Json;
using System.Text.Json;

namespace FindMe.Recognition.Tests;

/// <summary>Tests naming and classification with FindMe.Vision and findme as processes.</summary>
public sealed class PeopleServiceTests(PeopleFixture fixture)
{
    [Fact]
    public async Task The_service_accepts_pictures_in_every_format_and_rejects_other_content()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var folder = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "people")).FullName;
        fixture.Trained.Model.Save(Path.Combine(folder, "team.findme"));
        await using var vision = await StartedVision.StartAsync([$"Vision:PeoplePath={folder}", "Vision:MaxBodyBytes=2000000"]);
        var client = vision.Http;
        var photo = DemoPhotos.Read(PeopleFixture.KnownPhoto);

        using var json = await client.PostAsJsonAsync("/classify?topK=2", new { image = Convert.ToBase64String(photo) }, cancellationToken);
        using var form = await client.PostAsync("/classify?topK=2", new MultipartFormDataContent { { StartedVision.Jpeg(photo), "image", "a.jpg" } }, cancellationToken);
        using var body = await client.PostAsync("/classify?topK=2", StartedVision.Jpeg(photo), cancellationToken);
        foreach (var response in (HttpResponseMessage[])[json, form, body])
        {
            using var answer = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            Assert.Equal("Neutral", answer.RootElement.GetProperty("results")[0].GetProperty("className").GetString());
            Assert.Equal(2, answer.RootElement.GetProperty("results").GetArrayLength());
            Assert.StartsWith("nsfw_mobilenet_v2-", answer.RootElement.GetProperty("model").GetString(), StringComparison.Ordinal);
            Assert.True(answer.RootElement.GetProperty("timings").GetProperty("total").GetDouble() > 0);
            Assert.True(answer.RootElement.GetProperty("memory").GetProperty("rss").GetInt64() > 10_000_000);
        }

        using var named = await client.PostAsync("/people/team/name", StartedVision.Jpeg(photo), cancellationToken);
        using var faces = JsonDocument.Parse(await named.Content.ReadAsStringAsync(cancellationToken));
        Assert.Equal(
            PeopleFixture.People,
            faces.RootElement.GetProperty("faces").EnumerateArray()
                .OrderBy(face => face.GetProperty("box").GetProperty("x").GetDouble())
                .Select(face => face.GetProperty("name").GetString()!));

        Assert.Equal("400 bad-top-k", await ProblemAsync("/classify?topK=0", StartedVision.Jpeg(photo)));
        Assert.Equal("400 bad-base64", await ProblemAsync("/classify", JsonContent.Create(new { image = "no base64!" })));
        Assert.Equal("415 not-an-image", await ProblemAsync("/classify", StartedVision.Jpeg("<html>"u8.ToArray())));
        Assert.Equal("413 too-large", await ProblemAsync("/classify", StartedVision.Jpeg(new byte[2_000_001])));
        Assert.Equal("404 no-such-people", await ProblemAsync("/people/nobody/name", StartedVision.Jpeg(photo)));
        Assert.Equal("404 no-such-people", await ProblemAsync("/people/..%2fpeople%2fteam/name", StartedVision.Jpeg(photo)));

        async Task<string> ProblemAsync(string path, HttpContent content)
        {
            using var response = await client.PostAsync(path, content, cancellationToken);
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            return $"{(int)response.StatusCode} {problem.RootElement.GetProperty("type").GetString()}";
        }
    }

    [Fact]
    public async Task Unusable_people_files_return_a_problem_without_paths_until_they_are_fixed()
    {
        var cancellationToken = TestContext.Current.CancellationToken;
        var folder = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "unusable")).FullName;
        var (broken, foreign) = (Path.Combine(folder, "broken.findme"), Path.Combine(folder, "foreign.findme"));
        await File.WriteAllTextAsync(broken, "{}", cancellationToken);
        fixture.Trained.Model.Save(foreign);
        var json = await File.ReadAllTextAsync(foreign, cancellationToken);
        await File.WriteAllTextAsync(foreign, json.Replace(fixture.Engine.Recipe, "dlib-0a0b0c0d/x", StringComparison.Ordinal), cancellationToken);
        await using var vision = await StartedVision.StartAsync([$"Vision:PeoplePath={folder}"]);

        var ofBroken = await UnusableAsync("broken");
        var ofForeign = await UnusableAsync("foreign");

        Assert.DoesNotContain(folder, ofBroken, StringComparison.Ordinal);
        await vision.LogsAsync($"{broken} is not a people file");
        Assert.DoesNotContain(folder, ofForeign, StringComparison.Ordinal);
        Assert.Contains($"trained with dlib-0a0b0c0d/x, but the engine uses {fixture.Engine.Recipe}", ofForeign, StringComparison.Ordinal);
        fixture.Trained.Model.Save(broken);
        using var mended = await vision.Http.PostAsync("/people/broken/name", StartedVision.Jpeg(DemoPhotos.Read(PeopleFixture.KnownPhoto)), cancellationToken);
        Assert.True(mended.IsSuccessStatusCode);

        async Task<string> UnusableAsync(string people)
        {
            using var answer = await vision.Http.PostAsync($"/people/{people}/name", StartedVision.Jpeg(DemoPhotos.Read(PeopleFixture.KnownPhoto)), cancellationToken);
            var problem = await answer.Content.ReadFromJsonAsync<JsonElement>(cancellationToken);
            Assert.Equal("503 unusable-people", $"{(int)answer.StatusCode} {problem.GetProperty("type").GetString()}");
            Assert.NotNull(answer.Headers.RetryAfter);
            return problem.ToString();
        }
    }

    [Fact]
    public async Task The_command_names_the_faces_of_a_photo_and_reports_errors_in_one_line()
    {
        var file = Path.Combine(fixture.Scratch, "cli.findme");
        fixture.Trained.Model.Save(file);

        var (code, output, _) = await RunAsync("people", "name", file, DemoPhotos.PathOf(PeopleFixture.KnownPhoto));
        Assert.Equal(0, code);
        Assert.All(PeopleFixture.People, person => Assert.Contains($"\t{person}\t", output, StringComparison.Ordinal));

        var (missing, _, complaint) = await RunAsync("people", "name", "nowhere.findme", "a.jpg");
        Assert.Equal(2, missing);
        Assert.Equal("findme: There is no file nowhere.findme: create it with findme people train.", complaint.Trim());

        var (none, _, refusal) = await RunAsync("classify", file);
        Assert.Equal(2, none);
        var lines = refusal.Trim().Split('\n');
        Assert.StartsWith("findme: Classifier nsfw", lines[0], StringComparison.Ordinal);
        Assert.Single(lines[1..]);
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(params string[] arguments)
    {
        using var findme = Start("FindMe.Cli", "findme", arguments);
        var errors = findme.StandardError.ReadToEndAsync(TestContext.Current.CancellationToken);
        var output = await findme.StandardOutput.ReadToEndAsync(TestContext.Current.CancellationToken);
        await findme.WaitForExitAsync(TestContext.Current.CancellationToken);
        return (findme.ExitCode, output, await errors);
    }

    private static Process Start(string project, string assembly, params string[] arguments) => Process.Start(
        new ProcessStartInfo("dotnet", [DemoPhotos.AppPath(project, assembly), .. arguments]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
}
