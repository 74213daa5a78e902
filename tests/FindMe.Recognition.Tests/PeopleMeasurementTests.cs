namespace FindMe.Recognition.Tests;

public sealed class PeopleMeasurementTests
{
    // With few faces, one face is more than 1 %, but may be chance.
    [Theory]
    [InlineData(4, 1, 2)]
    [InlineData(140, 1, 2)]
    [InlineData(200, 2, 3)]
    [InlineData(1_000, 10, 11)]
    public void A_smaller_model_may_lose_one_percent_or_one_face_of_people_and_of_strangers(int faces, int mayLose, int mayNot)
    {
        var full = Measured(faces, rejected: 1, strangers: faces, named: 1);

        Assert.Null(full.LossOf(Measured(faces, rejected: 1 + mayLose, strangers: faces, named: 1 + mayLose)));
        Assert.Null(full.LossOf(Measured(faces, rejected: 0, strangers: faces, named: 0)));
        Assert.Equal(
            $"names {faces - 1 - mayNot} of {faces} people's faces correctly, the full model {faces - 1}",
            full.LossOf(Measured(faces, rejected: 1 + mayNot, strangers: faces, named: 1)));
        Assert.Equal(
            $"gives {1 + mayNot} of {faces} strangers' faces a name, the full model 1",
            full.LossOf(Measured(faces, rejected: 1, strangers: faces, named: 1 + mayNot)));
    }

    [Fact]
    public void The_CSV_of_the_matrix_quotes_special_characters_in_names()
    {
        var measured = new PeopleMeasurement(["Ada", "B. \"Bob\" B., jr.", "unknown"], [[3, 1, 0], [0, 2, 0], [0, 0, 7]], 1);

        Assert.Equal(
            "is \\ named,Ada,\"B. \"\"Bob\"\" B., jr.\",unknown\r\nAda,3,1,0\r\n\"B. \"\"Bob\"\" B., jr.\",0,2,0\r\nunknown,0,0,7\r\n",
            measured.ToCsv());
    }

    private static PeopleMeasurement Measured(int faces, int rejected, int strangers, int named) =>
        new(["Ada", "unknown"], [[faces - rejected, rejected], [named, strangers - named]], 1);
}
