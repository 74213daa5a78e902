using System.Text.Json;
using FindMe.Faces;
using Microsoft.ML.OnnxRuntime;

namespace FindMe.Recognition.Tests;

public sealed class PeopleTests(PeopleFixture fixture)
{
    [Fact]
    public void Everybody_learnt_is_named_and_strangers_are_unknown()
    {
        var people = fixture.Trained.Model;
        var strangers = fixture.Engine.Analyze(DemoPhotos.Read("sample5.jpg"), TestContext.Current.CancellationToken).Faces;

        Assert.Equal(PeopleFixture.People, fixture.KnownFaces.Select(face => people.Name(face.Embedding).Name));
        Assert.NotEmpty(strangers);
        Assert.All(strangers, face => Assert.Equal("unknown", people.Name(face.Embedding).Name));
    }

    [Fact]
    public void What_cannot_be_learnt_from_is_skipped_and_said_and_copies_of_a_photo_stay_together()
    {
        var trained = fixture.Trained;

        Assert.Equal([Path.Combine("Ada", "torn.jpg"), Path.Combine("Bob", "whose.jpg"), Path.Combine("Cy", "2.jpg")], trained.Skipped.Select(photo => photo.Photo).Order(StringComparer.Ordinal));
        Assert.Contains(trained.Skipped, photo => photo.Problem.Contains("the same photo lies in Cy", StringComparison.Ordinal));
        var faces = trained.Folder.Faces;
        Assert.Equal(
            faces.Single(face => face.Photo == Path.Combine("Bob", "1.jpg")).Group,
            faces.Single(face => face.Photo == Path.Combine("Bob", "copy of 1.jpg")).Group);
        Assert.Empty(trained.KeptAside.Select(index => faces[index].Group).Intersect(
            Enumerable.Range(0, faces.Count).Except(trained.KeptAside).Select(index => faces[index].Group)));
    }

    [Fact]
    public void The_same_folder_and_seed_give_the_same_file_which_is_read_as_it_was_written()
    {
        var (first, second) = (Path.Combine(fixture.Scratch, "first.findme"), Path.Combine(fixture.Scratch, "second.findme"));
        fixture.Trained.Model.Save(first);
        fixture.Train().Model.Save(second);

        Assert.Equal(File.ReadAllBytes(first), File.ReadAllBytes(second));
        var read = PeopleModel.Load(first);
        Assert.Equal(
            fixture.KnownFaces.Select(face => fixture.Trained.Model.Name(face.Embedding)),
            fixture.KnownFaces.Select(face => read.Name(face.Embedding)));
        Assert.Equal(fixture.Engine.Recipe, read.Recipe);
        Assert.NotNull(read.Card.Measured);
    }

    [Theory]
    [InlineData(false, 0.002f)]
    [InlineData(true, 0.1f)]
    public void The_exported_model_says_what_the_file_says(bool eightBit, float tolerance)
    {
        var people = fixture.Trained.Model;
        var onnx = PeopleExport.ToOnnx(people, fixture.Engine, eightBit);
        using var session = new InferenceSession(onnx);

        Assert.InRange(onnx.Length, 1_000_000, eightBit ? 2_000_000 : 7_000_000);
        Assert.Equal([.. PeopleFixture.People, "unknown"], JsonSerializer.Deserialize<string[]>(session.ModelMetadata.CustomMetadataMap["people"])!);
        foreach (var (face, index) in fixture.KnownFaces.Select((face, index) => (face, index)))
        {
            var probabilities = ExportedPeople.Run(session, fixture.Engine, DemoPhotos.Read(PeopleFixture.KnownPhoto), face, TestContext.Current.CancellationToken);
            Assert.Equal(1, probabilities.Sum(), 1e-4f);
            Assert.Equal(people.Name(face.Embedding).Probability, probabilities[index], tolerance);
        }
    }

    [Fact]
    public void Photos_of_a_person_among_the_strangers_narrow_that_person_and_nobody_else()
    {
        var random = new Random(5);
        var people = Enumerable.Range(0, 4).Select(person => Enumerable.Range(0, 6).Select(_ => Face(person)).ToArray()).ToArray();
        var centroids = Array.ConvertAll(people, faces => Rejection.Centre(faces, EmbeddingMetric.Cosine, without: null));
        var strangers = Enumerable.Range(0, 300).Select(_ => Face(4 + random.Next(100))).ToList();

        var right = Midpoints(strangers);
        var wrong = Midpoints([.. strangers, .. Enumerable.Range(0, 12).Select(_ => Face(0))]);

        Assert.InRange(right[0], 0.3f, 1.2f);
        Assert.InRange(wrong[0], 0, right[0] - 0.2f);
        Assert.All(Enumerable.Range(1, 3), person => Assert.InRange(wrong[person], right[person] - 0.1f, right[person] + 0.1f));

        float[] Midpoints(IReadOnlyCollection<FaceEmbedding> others) =>
            Rejection.Learn(
                [.. people.SelectMany((faces, label) => faces.Select(face => (label, face))), .. others.Select(face => (people.Length, face))],
                centroids,
                fixture.Engine.RecognitionRecipe,
                strangersPercent: 1).Midpoints;

        FaceEmbedding Face(int whose) => FaceEmbedding.FromModelOutput(
            Enumerable.Range(0, 104).Select(i => (i == whose ? 1 : 0) + ((random.NextSingle() - 0.5f) * 0.1f)).ToArray());
    }

    [Fact]
    public void A_folder_that_cannot_be_learnt_from_is_refused_with_what_is_wrong()
    {
        var empty = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "empty")).FullName;
        var bad = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "bad", "Dan")).Parent!.FullName;
        File.WriteAllText(Path.Combine(bad, "Dan", "a.jpg"), "not a photo");
        var without = Directory.CreateDirectory(Path.Combine(fixture.Scratch, "without", "Eve")).Parent!.FullName;

        Assert.StartsWith("There is no folder", Refusal("nowhere"), StringComparison.Ordinal);
        Assert.Contains("holds no people", Refusal(empty), StringComparison.Ordinal);
        Assert.StartsWith($"Nothing can be learnt from the folder Dan: {Path.Combine("Dan", "a.jpg")}: ", Refusal(bad), StringComparison.Ordinal);
        Assert.StartsWith("Nothing can be learnt from the folder Eve: it holds no file that is called like a photo", Refusal(without), StringComparison.Ordinal);

        string Refusal(string folder) => Assert.Throws<PeopleException>(
            () => PeopleTraining.Train(fixture.Engine, folder, new PeopleOptions(), cancellationToken: TestContext.Current.CancellationToken)).Message;
    }

    [Fact]
    public void A_head_learns_classes_however_many_samples_each_has()
    {
        var random = new Random(3);
        var (samples, labels) = (new List<ReadOnlyMemory<float>>(), new List<int>());
        foreach (var (label, count) in ((int, int)[])[(0, 200), (1, 3), (2, 20)])
        {
            for (var i = 0; i < count; i++)
            {
                samples.Add(Enumerable.Range(0, 40).Select(index => (index == label ? 1 : 0) + ((random.NextSingle() - 0.5f) * 0.2f)).ToArray());
                labels.Add(label);
            }
        }

        var head = SoftmaxHead.Train(samples, labels, 3, TestContext.Current.CancellationToken);

        Assert.All(samples.Zip(labels), pair =>
        {
            var probabilities = head.Predict(pair.First.Span);
            Assert.Equal(1, probabilities.Sum(), 1e-5f);
            Assert.True(probabilities[pair.Second] > 0.9f);
        });
    }
}
