"""A class: what came in is read, marked again and summed up; and every student gets a notebook of
their own. In reading order:

    variants     a notebook with parameters drawn for each student
    submissions  what lies in a learner's folder, read without trusting any of it
    confine      what a process that runs strangers' code may take and touch, as far as the system
                 can hold it to that
    cells        the code cells of a submission, and what of them has to run
    replay       that process: finds the learner's functions, calls them, and says what it saw
    process      starts it, listens to it, and ends it
    marking      believes nothing of what it says without checking
    records      what a learner's record says, and where it says more than is true
    capstones    what was made with `gan-course capstone`, run again from top to bottom in `rerun`
    collect      all of it, for every learner
    report       tables and one page: learners, exercises, questions, and where the class struggles
"""
