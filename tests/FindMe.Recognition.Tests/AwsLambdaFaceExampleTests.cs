using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;

namespace FindMe.Recognition.Tests;

/// <summary>The example of AWSLambdaFace with its own pictures: trained with john0, John is on john1 and john2, but not on jim-carrey.</summary>
public sealed class AwsLambdaFaceExampleTests(VisionProcess vision)
{
    private static readonly string[] Names = ["john1.jpg", "john2.jpg", "jim-carrey.jpg"];
    private static readonly bool[] Present = [true, true, false];

    [Fact]
    public async Task The_command_recognizes_john_and_not_jim_carrey()
    {
        var trained = await Shell.FindMeAsync("train", PathOf("john0.jpg"));
        var photos = Array.ConvertAll(Names, PathOf);

        var recognized = await Shell.FindMeAsync(["recognize", "-", .. photos], trained.Output);

        Assert.Equal((0, ""), (recognized.Code, recognized.Errors));
        Assert.Equal(photos.Zip(Present, (photo, present) => $"{photo}\t{present}"), recognized.Lines);
    }

    [Fact]
    public async Task The_REST_API_recognizes_john_and_not_jim_carrey()
    {
        using var picture = new ByteArrayContent(Read("john0.jpg")) { Headers = { ContentType = new MediaTypeHeaderValue("image/jpeg") } };
        using var trained = await vision.Http.PostAsync("faces/train", picture, TestContext.Current.CancellationToken);
        var face = (await trained.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;

        using var recognized = await vision.Http.PostAsJsonAsync(
            "faces/recognize",
            new JsonObject
            {
                ["recipe"] = face["recipe"]!.DeepClone(),
                ["vectors"] = face["vectors"]!.DeepClone(),
                ["images"] = new JsonArray([.. Names.Select(name => JsonValue.Create(Convert.ToBase64String(Read(name))))]),
            },
            TestContext.Current.CancellationToken);
        var answer = (await recognized.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;

        Assert.Equal(Present, answer["results"]!.AsArray().Select(result => result!["present"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task The_original_payloads_recognize_john_and_not_jim_carrey()
    {
        var vectors = (await PostAsync("prepare-face-recognizer", new JsonObject { ["base64_image"] = Convert.ToBase64String(Read("john0.jpg")) }))["facevectors"]!.GetValue<string>();
        var query = Convert.ToBase64String(Encoding.UTF8.GetBytes(vectors));

        var answers = new List<string>();
        foreach (var name in Names)
        {
            answers.Add((await PostAsync("recognize_face", new JsonObject { ["base64_image"] = Convert.ToBase64String(Read(name)), ["query_facevectors"] = query }))["face_present"]!.GetValue<string>());
        }

        Assert.Equal(["True", "True", "False"], answers);
    }

    private async Task<JsonNode> PostAsync(string route, JsonObject body)
    {
        using var answer = await vision.Http.PostAsJsonAsync($"aws-lambda-face/{route}", body, TestContext.Current.CancellationToken);
        return (await answer.Content.ReadFromJsonAsync<JsonNode>(TestContext.Current.CancellationToken))!;
    }

    private static byte[] Read(string name) => File.ReadAllBytes(PathOf(name));

    private static string PathOf(string name) => Checkouts.Shared("eval", "awslambdaface", name);
}
