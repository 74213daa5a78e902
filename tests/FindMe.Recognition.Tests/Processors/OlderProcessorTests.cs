using System.Net.Http.Json;
using System.Text.Json.Nodes;
using SixLabors.ImageSharp;
using SixLabors.ImageSharp.Formats.Jpeg;
using SixLabors.ImageSharp.PixelFormats;
using SixLabors.ImageSharp.Processing;

namespace FindMe.Recognition.Tests;

public sealed class OlderProcessorTests
{
    // A twentieth of the match distance. Verdicts at the threshold may differ even then, but not on these pictures.
    private const float Tolerance = 0.05f;

    [Fact]
    public async Task A_processor_without_VNNI_sees_the_same_faces_as_one_with_it()
    {
        var app = DemoPhotos.AppPath("FindMe.Vision", "FindMe.Vision");
        using var older = await OlderProcessor.CreateAsync(app);
        await using var here = await StartedVision.StartAsync([]);
        await using var there = await StartedVision.StartAsync([], older.Environment);
        var pictures = Checkouts.DemoPhotos
            .Select(File.ReadAllBytes)
            .SelectMany(photo => (byte[][])[photo, Shrink(photo, width: 960, blur: 0), Shrink(photo, width: 640, blur: 1)])
            .ToList();

        var trained = await TrainAsync(here, pictures[1]);
        var (vectors, vectorsThere) = (trained["vectors"]!.AsArray(), (await TrainAsync(there, pictures[1]))["vectors"]!.AsArray());

        Assert.Equal(vectors.Count, vectorsThere.Count);
        Assert.All(vectors.Zip(vectorsThere), pair => Assert.InRange(Distance(pair.First!, pair.Second!), 0, Tolerance));
        foreach (var picture in pictures)
        {
            var (face, faceThere) = (await RecognizeAsync(here, trained, picture), await RecognizeAsync(there, trained, picture));
            Assert.Equal(face["faces"]!.GetValue<int>(), faceThere["faces"]!.GetValue<int>());
            Assert.Equal(face["present"]!.GetValue<bool>(), faceThere["present"]!.GetValue<bool>());
            Assert.Equal(face["distance"]!.GetValue<float>(), faceThere["distance"]!.GetValue<float>(), Tolerance);
            Assert.Equal(face["box"]!["x"]!.GetValue<float>(), faceThere["box"]!["x"]!.GetValue<float>(), tolerance: 1f);
        }
    }

    private static async Task<JsonNode> TrainAsync(StartedVision vision, byte[] picture)
    {
        using var body = StartedVision.Jpeg(picture);
        using var response = await vision.Http.PostAsync(new Uri("/faces/train?face=0", UriKind.Relative), body, TestContext.Current.CancellationToken);
        return await ReadAsync(response);
    }

    private static async Task<JsonNode> RecognizeAsync(StartedVision vision, JsonNode trained, byte[] picture)
    {
        using var response = await vision.Http.PostAsJsonAsync(
            "/faces/recognize",
            new JsonObject
            {
                ["recipe"] = trained["recipe"]!.DeepClone(),
                ["vectors"] = trained["vectors"]!.DeepClone(),
                ["image"] = Convert.ToBase64String(picture),
            },
            TestContext.Current.CancellationToken);
        return await ReadAsync(response);
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }

    private static double Distance(JsonNode a, JsonNode b) => Math.Sqrt(
        a.AsArray().Zip(b.AsArray()).Sum(pair => Math.Pow(pair.First!.GetValue<double>() - pair.Second!.GetValue<double>(), 2)));

    private static byte[] Shrink(byte[] photo, int width, float blur)
    {
        using var picture = Image.Load<Rgb24>(photo);
        picture.Mutate(edit => edit.Resize(width, 0));
        if (blur > 0)
        {
            picture.Mutate(edit => edit.GaussianBlur(blur));
        }

        using var jpeg = new MemoryStream();
        picture.Save(jpeg, new JpegEncoder { Quality = 80 });
        return jpeg.ToArray();
    }
}
